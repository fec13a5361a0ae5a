using System.Globalization;

namespace Larder.Cache.Memory;

/// <summary>
/// What the kernel says of the memory that this process may use: control groups (versions 1 and 2), the machine, and
/// the limits of the process. Reads the files anew at every call; a file that is missing or strange limits nothing.
/// </summary>
/// <remarks>The root directory can be another than <c>/</c>, so that tests can play any machine.</remarks>
internal sealed class MachineMemory
{
    // Version 1 writes a limit near the largest number for none.
    private const long NoLimitFrom = long.MaxValue / 2;

    private readonly string _root;

    public MachineMemory(string root) => _root = root;

    /// <summary>The machine this runs on.</summary>
    public static MachineMemory OfThisMachine { get; } = new("/");

    /// <summary>The least of all limits on taking more memory.</summary>
    public MemoryHeadroom ReadHeadroom()
    {
        var least = new MemoryHeadroom(long.MaxValue, "no limit is known");
        foreach (var usage in ReadGroups())
        {
            Lower(ref least, usage.LimitBytes - usage.UsedBytes, usage);
        }

        var machine = ReadFigures("proc/meminfo");
        if (machine.TryGetValue("MemAvailable", out var available))
        {
            Lower(ref least, available, $"MemAvailable of the machine is {ByteText.Of(available)}");
        }

        if (ReadText("proc/sys/vm/overcommit_memory") == "2"
            && machine.TryGetValue("CommitLimit", out var commitLimit)
            && machine.TryGetValue("Committed_AS", out var committed))
        {
            Lower(
                ref least,
                commitLimit - committed,
                $"vm.overcommit_memory is 2: CommitLimit is {ByteText.Of(commitLimit)}, {ByteText.Of(committed)} are promised");
        }

        if (long.TryParse(DescribeLimit("Max address space"), CultureInfo.InvariantCulture, out var addresses)
            && ReadFigures("proc/self/status").TryGetValue("VmSize", out var mapped))
        {
            Lower(ref least, addresses - mapped, $"ulimit -v is {ByteText.Of(addresses)}, {ByteText.Of(mapped)} are mapped");
        }

        return least with { Bytes = Math.Max(0, least.Bytes) };
    }

    /// <summary>The control groups of this process that limit memory, from its own to the root.</summary>
    public IReadOnlyList<MemoryUsage> ReadGroups()
    {
        var groups = new List<MemoryUsage>();
        foreach (var directory in GroupDirectories())
        {
            var unified = ReadNumber($"{directory}/memory.current") is not null;
            var used = ReadNumber($"{directory}/{(unified ? "memory.current" : "memory.usage_in_bytes")}");
            var limit = ReadNumber($"{directory}/{(unified ? "memory.max" : "memory.limit_in_bytes")}");
            var high = unified ? ReadNumber($"{directory}/memory.high") : null;
            limit = high is null || (limit is not null && limit < high) ? limit : high;
            if (used is null || limit is null or >= NoLimitFrom)
            {
                continue;
            }

            // File pages that nobody used lately are dropped before anybody is killed.
            var droppable = ReadFigures($"{directory}/memory.stat").GetValueOrDefault(unified ? "inactive_file" : "total_inactive_file");
            groups.Add(new MemoryUsage(Math.Max(0, used.Value - droppable), limit.Value, $"control group /{directory}"));
        }

        return groups;
    }

    /// <summary>The machine's own memory in use and in all; no limit when the kernel does not say.</summary>
    public MemoryUsage ReadMachine()
    {
        var machine = ReadFigures("proc/meminfo");
        return machine.TryGetValue("MemTotal", out var total) && machine.TryGetValue("MemAvailable", out var available)
            ? new MemoryUsage(Math.Max(0, total - available), total, "the machine")
            : new MemoryUsage(0, long.MaxValue, "the machine");
    }

    /// <summary>
    /// Percentage of the last ten seconds in which some task waited for memory: the process's group if it has that
    /// figure, else the machine; null when the kernel does not say.
    /// </summary>
    public double? ReadStall()
    {
        foreach (var directory in GroupDirectories())
        {
            if (ParseStall(ReadText($"{directory}/memory.pressure")) is { } stall)
            {
                return stall;
            }
        }

        return ParseStall(ReadText("proc/pressure/memory"));
    }

    /// <summary>Numbers of the NUMA nodes that have memory; node 0 alone when the kernel does not say.</summary>
    public IReadOnlyList<int> ReadNumaNodes()
    {
        var nodes = new List<int>();
        foreach (var range in (ReadText("sys/devices/system/node/has_memory") ?? "0").Split(','))
        {
            var ends = range.Split('-');
            if (int.TryParse(ends[0], CultureInfo.InvariantCulture, out var first)
                && int.TryParse(ends[^1], CultureInfo.InvariantCulture, out var last)
                && last - first is >= 0 and < 1024)
            {
                nodes.AddRange(Enumerable.Range(first, last - first + 1));
            }
        }

        return nodes.Count > 0 ? nodes : [0];
    }

    /// <summary>A soft limit of this process as the kernel writes it, <c>unlimited</c> included.</summary>
    public string DescribeLimit(string name)
    {
        var line = (ReadText("proc/self/limits") ?? string.Empty).Split('\n')
            .FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line?[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "unknown";
    }

    /// <summary>The machine's rule for promising memory, for people.</summary>
    public string DescribeOvercommit() => $"vm.overcommit_memory {ReadText("proc/sys/vm/overcommit_memory") ?? "unknown"}";

    private static void Lower(ref MemoryHeadroom least, long bytes, MemoryUsage usage)
    {
        if (bytes < least.Bytes)
        {
            least = new MemoryHeadroom(
                bytes, $"{usage.Source} allows {ByteText.Of(usage.LimitBytes)}, {ByteText.Of(usage.UsedBytes)} are in use");
        }
    }

    private static void Lower(ref MemoryHeadroom least, long bytes, string limitedBy)
    {
        if (bytes < least.Bytes)
        {
            least = new MemoryHeadroom(bytes, limitedBy);
        }
    }

    private static double? ParseStall(string? text)
    {
        const string Start = "some avg10=";
        if (text is null || !text.StartsWith(Start, StringComparison.Ordinal))
        {
            return null;
        }

        var figure = text.AsSpan(Start.Length);
        var end = figure.IndexOf(' ');
        return double.TryParse(end < 0 ? figure : figure[..end], CultureInfo.InvariantCulture, out var stall) ? stall : null;
    }

    // A container may see its group as the root of the mount, or not see the path it is told: every ancestor counts.
    private IEnumerable<string> GroupDirectories()
    {
        foreach (var line in (ReadText("proc/self/cgroup") ?? string.Empty).Split('\n'))
        {
            var parts = line.Split(':', 3);
            if (parts.Length < 3)
            {
                continue;
            }

            var unified = parts[0] == "0" && parts[1].Length == 0;
            if (!unified && !parts[1].Split(',').Contains("memory"))
            {
                continue;
            }

            var mount = unified
                ? (Directory.Exists(Path.Combine(_root, "sys/fs/cgroup/unified")) ? "sys/fs/cgroup/unified" : "sys/fs/cgroup")
                : "sys/fs/cgroup/memory";
            var names = parts[2].Split('/', StringSplitOptions.RemoveEmptyEntries);
            for (var depth = names.Length; depth >= 0; depth--)
            {
                yield return depth == 0 ? mount : $"{mount}/{string.Join('/', names[..depth])}";
            }
        }
    }

    private long? ReadNumber(string path) => ReadText(path) switch
    {
        null => null,
        "max" => long.MaxValue,
        var text => long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null,
    };

    // Lines of a name, an optional colon, a number, and kB where the number is in kibibytes.
    private Dictionary<string, long> ReadFigures(string path)
    {
        var figures = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in (ReadText(path) ?? string.Empty).Split('\n'))
        {
            var parts = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length >= 2 && long.TryParse(parts[1], CultureInfo.InvariantCulture, out var number))
            {
                figures[parts[0].TrimEnd(':')] = parts is [_, _, "kB"] ? number * 1024 : number;
            }
        }

        return figures;
    }

    private string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(Path.Combine(_root, path)).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
