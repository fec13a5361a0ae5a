using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Larder.Cli;

/// <summary>Turns what the parser objects to into one sentence that says what to do.</summary>
internal static class UsageErrors
{
    // Farther than this is another word, not a slip.
    private const int MaxDistance = 2;

    /// <summary>The sentence; null when the command line can be run.</summary>
    public static string? Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var help = $"see '{string.Join(' ', Path(parsed.CommandResult))} --help'";
        if (parsed.Action is not ParseErrorAction)
        {
            // Help, the version and suggestions run whatever else is on the line.
            return parsed.Errors.Count == 0 && parsed.Action?.Terminating != true && MisplacedOption(parsed) is { } misplaced
                ? Unknown(misplaced, command, help)
                : null;
        }

        if ((MisplacedOption(parsed) ?? (parsed.UnmatchedTokens is [var first, ..] ? first : null)) is { } word)
        {
            return Unknown(word, command, help);
        }

        return command is RootCommand
            ? "Say what to do; 'larder --help' lists the commands."
            : $"{parsed.Errors[0].Message.Trim().TrimEnd('.', ';').ReplaceLineEndings(" ")}; {help}.";
    }

    /// <summary>
    /// The first word before <c>--</c> that looks like an option and is none: the parser gives such a word to the next
    /// argument that is free. Null when there is none.
    /// </summary>
    public static string? MisplacedOption(ParseResult parsed) => parsed.Tokens
        .TakeWhile(static token => token.Type != TokenType.DoubleDash)
        .FirstOrDefault(static token => token.Type == TokenType.Argument
            && token.Value.Length > 2 && token.Value.StartsWith("--", StringComparison.Ordinal))?.Value;

    private static string Unknown(string word, Command command, string help)
    {
        var nearest = Nearest(word, command);
        var what = word.StartsWith('-') ? "not an option here" : command.Subcommands.Count > 0 ? "not a command" : "one argument too many";
        return nearest is null
            ? $"'{word}' is {what}; {help}."
            : $"'{word}' is {what}; did you mean '{nearest}'? {char.ToUpperInvariant(help[0])}{help[1..]}.";
    }

    private static Stack<string> Path(CommandResult result)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is CommandResult { Command: var command })
            {
                names.Push(command is RootCommand ? "larder" : command.Name);
            }
        }

        return names;
    }

    private static string? Nearest(string word, Command command) =>
        command.Options.Select(static option => option.Name)
            .Concat(command.Options.SelectMany(static option => option.Aliases))
            .Concat(command.Subcommands.Select(static sub => sub.Name))
            .Where(name => name.StartsWith('-') == word.StartsWith('-'))
            .Select(name => (name, distance: Distance(word, name)))
            .Where(static pair => pair.distance <= MaxDistance && pair.distance < pair.name.Length)
            .OrderBy(static pair => pair.distance)
            .Select(static pair => pair.name)
            .FirstOrDefault();

    /// <summary>Edits that turn one word into the other: insert, drop, change, or swap of two neighbours.</summary>
    private static int Distance(string left, string right)
    {
        // Three rows of the table of distances between beginnings of the two words.
        var twoAbove = new int[right.Length + 1];
        var above = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var row = new int[right.Length + 1];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var change = above[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                row[j] = Math.Min(change, Math.Min(above[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                {
                    row[j] = Math.Min(row[j], twoAbove[j - 2] + 1);
                }
            }

            (twoAbove, above) = (above, row);
        }

        return above[right.Length];
    }
}
