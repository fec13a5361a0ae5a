using System.CommandLine;
using System.Text.Json;

namespace Larder.Cli.Commands;

/// <summary><c>larder symbols show</c>: everything about a symbol.</summary>
internal static class SymbolsShowCommand
{
    private const int MaxMembers = 200;

    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("show", "Show signature, documentation, place in source code and members of a symbol.")
        {
            Examples =
            [
                ("larder symbols show String.Join", "every overload"),
                ("larder symbols show 'M:System.String.Join(System.Char,System.Object[])'", "one of them"),
                ("larder symbols show Larder.Cache.TieredCache Larder.slnx", "of what the solution was built to"),
            ],
        };
        var name = new Argument<string>("name") { Description = "An identifier as in documentation comments, or a name with or without what it is declared in." };
        command.Arguments.Add(name);
        var module = new Option<string?>("--module", "-m") { Description = "Only modules of this name or path; * is any text.", HelpName = "NAME" };
        var all = new Option<bool>("--all", "-a") { Description = "Also what is not public, for a name without a letter and a colon." };
        command.Options.Add(module);
        command.Options.Add(all);
        var options = SymbolOptions.AddTo(command, terminal);
        command.SetAction((parsed, cancellationToken) => options.UseAsync(
            parsed,
            async source =>
            {
                var asked = parsed.GetRequiredValue(name);
                var answer = await source.ShowAsync(asked, parsed.GetValue(module), parsed.GetValue(all), cancellationToken).ConfigureAwait(false);
                var symbols = answer.GetProperty("symbols").EnumerateArray().ToArray();
                if (options.Json(parsed))
                {
                    CliJson.Write(terminal, answer, CliJson.Default.JsonElement);
                }

                if (symbols.Length == 0)
                {
                    throw CommandException.NotFound($"There is no symbol '{asked}'; 'larder symbols find' searches by a part of a name.");
                }

                if (!options.Json(parsed))
                {
                    for (var i = 0; i < symbols.Length; i++)
                    {
                        terminal.Say(i > 0 ? "\n" + symbols[i].GetProperty("id").GetString() : symbols[i].GetProperty("id").GetString() ?? "");
                        Print(terminal, symbols[i]);
                    }
                }

                return ExitCodes.Ok;
            },
            cancellationToken));
        return command;
    }

    private static void Print(Terminal terminal, JsonElement symbol)
    {
        var traits = string.Concat(symbol.GetProperty("traits").EnumerateArray()
            .Select(static trait => trait.GetString())
            .Where(static trait => trait is not ("exported" or "hasConstructor"))
            .Select(static trait => " " + trait));
        var word = symbol.TryGetProperty("form", out var form) ? form : symbol.GetProperty("kind");
        Line(terminal, "kind", $"{symbol.GetProperty("visibility").GetString()}{traits} {word.GetString()}");
        foreach (var member in (string[])["signature", "definition", "type", "value", "valueType", "version"])
        {
            if (symbol.TryGetProperty(member, out var text))
            {
                Line(terminal, member == "valueType" ? "type" : member, text.GetString());
            }
        }

        if (symbol.TryGetProperty("attributes", out var attributes))
        {
            Line(terminal, "attributes", string.Join(", ", attributes.EnumerateArray().Select(static one => one.GetString())));
        }

        Line(terminal, "module", symbol.GetProperty("path").GetString());
        if (symbol.TryGetProperty("location", out var location))
        {
            Line(terminal, "source", $"{location.GetProperty("file").GetString()}:{location.GetProperty("line").GetInt32()}:{location.GetProperty("column").GetInt32()}");
        }

        foreach (var list in (string[])["constructors", "methods"])
        {
            if (symbol.TryGetProperty(list, out var members))
            {
                foreach (var member in members.EnumerateArray().Take(MaxMembers))
                {
                    Line(terminal, list[..^1], member.GetString());
                }
            }
        }

        if (symbol.TryGetProperty("documentation", out var documentation))
        {
            foreach (var line in (documentation.GetString() ?? "").Split('\n'))
            {
                terminal.Say("    " + Clean(line.Trim()));
            }
        }
    }

    private static void Line(Terminal terminal, string title, string? text) => terminal.Say($"  {title,-12}{Clean(text ?? "")}");

    // Names come from files; a control character in one must not reach the terminal.
    private static string Clean(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(static letter => char.IsControl(letter) ? '?' : letter)) : text;
}
