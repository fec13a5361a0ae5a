using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using Larder.Cli.Output;
using Larder.Symbols;
using Larder.Symbols.Json;
using Larder.Symbols.Search;

namespace Larder.Cli.Commands;

/// <summary><c>larder symbols find</c>: symbols by a part of their name.</summary>
internal static class SymbolsFindCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("find", "Find symbols by name: whole, beginning, humps or part; the best first.")
        {
            Examples =
            [
                ("larder symbols find StRe", "StreamReader and its kin, in the installed framework"),
                ("larder symbols find String.Index --kind function", "functions of types called String"),
                ("larder symbols find parse bin/ --module 'My*' --all", "also what is private, in modules whose names begin with My"),
                ("larder symbols find _start app.wasm --json", "in a WebAssembly module, for a program"),
            ],
        };
        var pattern = new Argument<string>("pattern") { Description = "The name or a part of it; TYPE.NAME says where it is declared." };
        command.Arguments.Add(pattern);
        var match = Words<SymbolMatch>("--match", "How names fit: any, exact, prefix, camelHump or substring. Default: any.", single: true);
        var kinds = Words<SymbolKind>("--kind", "Only these kinds, with commas between: type, function, constant, field, module.");
        var forms = Words<SymbolForm>("--form", "Only these forms, such as interface, enum, constructor, property, operator.");
        var module = new Option<string?>("--module", "-m") { Description = "Only modules of this name or path; * is any text.", HelpName = "NAME" };
        var all = new Option<bool>("--all", "-a") { Description = "Also what is not public, what compilers made, and accessors." };
        var forwards = new Option<bool>("--forwards") { Description = "Also types that a module only forwards." };
        var limit = new Option<int>("--limit")
        {
            Description = "Most results. Default: 50.",
            HelpName = "COUNT",
            DefaultValueFactory = static _ => 50,
        };
        foreach (var option in (Option[])[match, kinds, forms, module, all, forwards, limit])
        {
            command.Options.Add(option);
        }

        var options = SymbolOptions.AddTo(command, terminal);
        command.SetAction((parsed, cancellationToken) =>
        {
            var query = new SymbolQuery
            {
                Pattern = parsed.GetRequiredValue(pattern),
                Match = parsed.GetValue(match) is [var word, ..] ? word : SymbolMatch.Any,
                Kinds = parsed.GetValue(kinds).ToImmutableArrayOrEmpty(),
                Forms = parsed.GetValue(forms).ToImmutableArrayOrEmpty(),
                Module = parsed.GetValue(module),
                IncludesHidden = parsed.GetValue(all),
                IncludesForwards = parsed.GetValue(forwards),
                Limit = parsed.GetValue(limit) is >= 1 and <= SymbolQuery.MaxLimit and var count
                    ? count
                    : throw CommandException.Usage($"--limit is from 1 to {SymbolQuery.MaxLimit}."),
            };
            return options.UseAsync(
                parsed,
                async source =>
                {
                    var answer = await source.FindAsync(query, cancellationToken).ConfigureAwait(false);
                    if (options.Json(parsed))
                    {
                        CliJson.Write(terminal, answer, CliJson.Default.JsonElement);
                    }
                    else
                    {
                        Print(terminal, answer);
                    }

                    return answer.GetProperty("total").GetInt64() > 0 ? ExitCodes.Ok : ExitCodes.NotFound;
                },
                cancellationToken);
        });
        return command;
    }

    private static void Print(Terminal terminal, JsonElement answer)
    {
        var columns = new Columns("KIND", "SYMBOL", "MODULE");
        foreach (var symbol in answer.GetProperty("symbols").EnumerateArray())
        {
            var word = symbol.TryGetProperty("form", out var form) ? form : symbol.GetProperty("kind");
            columns.Add(
                word.GetString() ?? "", symbol.GetProperty("id").GetString() ?? "", symbol.GetProperty("module").GetString() ?? "");
        }

        if (columns.Count > 0)
        {
            columns.Write(terminal);
        }

        var total = answer.GetProperty("total").GetInt64();
        var time = answer.GetProperty("elapsedUs").GetDouble() / 1000;
        terminal.Remark(
            $"{Format.Count(columns.Count)} of {Format.Count(total, "symbol", "symbols")}; {Format.Count(answer.GetProperty("searched").GetInt64())} "
            + $"searched in {time.ToString("0.0", CultureInfo.InvariantCulture)} ms.");
    }

    private static Option<TWord[]> Words<TWord>(string name, string description, bool single = false)
        where TWord : struct, Enum => new(name)
        {
            Description = description,
            HelpName = "WORD",
            AllowMultipleArgumentsPerToken = false,
            CustomParser = result => Parse<TWord>(name, result, single),
        };

    private static TWord[] Parse<TWord>(string name, ArgumentResult result, bool single)
        where TWord : struct, Enum
    {
        var words = new List<TWord>();
        foreach (var text in result.Tokens.SelectMany(static token => token.Value.Split(',')))
        {
            if (!SymbolJson.TryParseWord<TWord>(text.Trim().Replace("-", "", StringComparison.Ordinal), out var word) || (single && words.Count > 0))
            {
                result.AddError($"'{text}' is not one of {string.Join(", ", Enum.GetValues<TWord>().Select(SymbolJson.Word))} for {name}");
                break;
            }

            words.Add(word);
        }

        return [.. words];
    }

    private static ImmutableArray<TWord> ToImmutableArrayOrEmpty<TWord>(this TWord[]? words) => words is null ? [] : [.. words];
}
