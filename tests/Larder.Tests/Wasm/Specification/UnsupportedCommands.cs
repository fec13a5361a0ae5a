namespace Larder.Tests.Wasm.Specification;

/// <summary>
/// The commands of the suite that the engine is known not to pass, one by one, with the reasons. A paragraph of the list
/// starts with a reason in square brackets; a line under it names a script and the lines of its commands. Where the
/// reason holds in some configurations only, their names stand behind the reason.
/// </summary>
internal sealed class UnsupportedCommands
{
    private readonly Dictionary<(string File, string Place), string> _reasons = [];

    private UnsupportedCommands()
    {
    }

    /// <summary>How many commands are listed.</summary>
    public int Count => _reasons.Count;

    /// <summary>Reads the list for one configuration.</summary>
    public static UnsupportedCommands Read(string configuration)
    {
        var list = new UnsupportedCommands();
        var (reason, applies) = ("", false);
        using var stream = typeof(UnsupportedCommands).Assembly.GetManifestResourceStream("unsupported-commands.txt");
        using var reader = new StreamReader(stream!); // The project file embeds it.
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('['))
            {
                var end = line.IndexOf(']', StringComparison.Ordinal);
                var configurations = line[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
                (reason, applies) = (line[1..end], configurations.Length == 0 || configurations.Contains(configuration));
            }
            else if (line.Length > 0 && !line.StartsWith('#') && applies)
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                foreach (var place in words.Skip(1))
                {
                    list.Add(words[0], place, reason);
                }
            }
        }

        return list;
    }

    /// <summary>Whether a command is listed.</summary>
    public bool Contains(CommandResult result) => _reasons.ContainsKey((result.File, result.Place));

    /// <summary>The commands that are listed and that no result is about.</summary>
    public IEnumerable<string> NotAmong(IEnumerable<CommandResult> results)
    {
        var left = _reasons.Keys.ToHashSet();
        left.ExceptWith(results.Select(result => (result.File, result.Place)));
        return left.Select(key => $"{key.File} {key.Place}");
    }

    private void Add(string file, string place, string reason)
    {
        if (reason.Length == 0 || !_reasons.TryAdd((file, place), reason))
        {
            throw new InvalidOperationException($"{file} {place} is listed twice or without a reason.");
        }
    }
}
