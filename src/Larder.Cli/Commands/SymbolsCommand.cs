using System.CommandLine;
using System.Text.Json;
using Larder.Cli.Output;
using Larder.Cli.Symbols;

namespace Larder.Cli.Commands;

/// <summary><c>larder symbols</c>: what assemblies and WebAssembly modules hold, by name.</summary>
internal static class SymbolsCommand
{
    public static Command Create(Terminal terminal) =>
        new DocumentedCommand("symbols", "Find and show types, functions and constants of .NET assemblies and WebAssembly modules.")
        {
            SymbolsFindCommand.Create(terminal),
            SymbolsShowCommand.Create(terminal),
            List(terminal),
            Load(terminal),
            Statistics(terminal),
            Watch(terminal),
        };

    private static DocumentedCommand List(Terminal terminal)
    {
        var command = new DocumentedCommand("list", "List modules with their versions and numbers of symbols.")
        {
            Aliases = { "ls" },
            Examples = [("larder symbols list bin/", "what is in a folder"), ("larder symbols list --json", "of the framework, for a program")],
        };
        Act(terminal, command, static (source, token) => source.ModulesAsync(token), ShowModules);
        return command;
    }

    private static DocumentedCommand Load(Terminal terminal)
    {
        var command = new DocumentedCommand("load", "Read modules, so that what is asked of them later is answered at once.")
        {
            Examples =
            [
                ("larder symbols load", "the installed framework"),
                ("larder symbols load --node http://127.0.0.1:7070 --framework", "at a node, for everyone who asks it"),
            ],
        };
        Act(terminal, command, static (source, token) => source.LoadAsync(token), static (terminal, answer) =>
        {
            var modules = answer.GetProperty("modules").EnumerateArray().ToArray();
            var read = modules.Count(static module => module.GetProperty("origin").GetString() == "read");
            terminal.Say(
                $"{Format.Count(answer.GetProperty("symbols").GetInt64(), "symbol", "symbols")} of {Format.Count(modules.Length, "module", "modules")} in "
                + $"{Format.Duration(TimeSpan.FromMicroseconds(answer.GetProperty("elapsedUs").GetDouble()))}; {Format.Count(read)} read, "
                + $"{Format.Count(modules.Length - read)} known.");
        });
        return command;
    }

    private static DocumentedCommand Statistics(Terminal terminal)
    {
        var command = new DocumentedCommand("stats", "Show what the symbol caches hold and did.")
        {
            Examples = [("larder symbols stats --node http://127.0.0.1:7070", "of a node")],
        };
        Act(terminal, command, static (source, token) => source.StatisticsAsync(token), static (terminal, answer) =>
        {
            terminal.Say(
                $"{Format.Count(answer.GetProperty("symbols").GetInt64())} symbols of {Format.Count(answer.GetProperty("modules").GetInt64())} modules; "
                + $"{Format.Bytes(answer.GetProperty("mappedBytes").GetInt64())} mapped, {Format.Bytes(answer.GetProperty("tableBytes").GetInt64())} in memory; "
                + $"caches {Format.Bytes(answer.GetProperty("cacheBytes").GetInt64())} of {Format.Bytes(answer.GetProperty("memoryLimitBytes").GetInt64())}");
            var columns = new Columns("CACHE", ">ENTRIES", ">MEMORY", ">LOOKUPS", ">HITS", ">EVICTED", ">INVALIDATED", ">KEPT OUT", ">LOOKUP", "SINCE", "ADVICE");
            foreach (var cache in answer.GetProperty("caches").EnumerateArray())
            {
                columns.Add(
                    Text(cache, "cache"),
                    Count(cache, "entries"),
                    Format.Bytes(cache.GetProperty("bytes").GetInt64()),
                    Count(cache, "lookups"),
                    Format.Ratio(cache.GetProperty("hits").GetInt64(), cache.GetProperty("lookups").GetInt64()),
                    Count(cache, "evictions"),
                    Count(cache, "invalidated"),
                    Count(cache, "notCached"),
                    $"{Format.Count((long)cache.GetProperty("averageLookupNs").GetDouble())} ns",
                    Format.Moment(cache.GetProperty("since").GetDateTimeOffset()),
                    Text(cache, "advice") switch { "none" => "–", "tooSmall" => "too small: double it", _ => "low hit ratio" });
            }

            columns.Write(terminal);
        });
        return command;
    }

    private static DocumentedCommand Watch(Terminal terminal)
    {
        var command = new DocumentedCommand("watch", "Follow modules as their files change, until Ctrl+C.")
        {
            Examples = [("larder symbols watch bin/", "each change is a line"), ("larder symbols watch bin/ --json", "each change is a JSON object")],
        };
        var options = SymbolOptions.AddTo(command, terminal);
        command.SetAction((parsed, cancellationToken) => options.UseAsync(
            parsed,
            async source =>
            {
                var json = options.Json(parsed);
                terminal.Remark("larder: watching; Ctrl+C ends it.");
                try
                {
                    await foreach (var change in source.WatchAsync(cancellationToken).ConfigureAwait(false))
                    {
                        terminal.Say(json ? change.GetRawText() : $"{Text(change, "change"),-8} {Text(change, "path")}");
                        await terminal.Out.FlushAsync(cancellationToken).ConfigureAwait(false);
                    }
                }
                catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
                {
                    // Ctrl+C is how it is meant to end.
                }

                return ExitCodes.Ok;
            },
            cancellationToken));
        return command;
    }

    private static void ShowModules(Terminal terminal, JsonElement answer)
    {
        var columns = new Columns("MODULE", "VERSION", "KIND", ">SYMBOLS", ">EXPORTS", ">TABLE", "PATH");
        foreach (var module in answer.GetProperty("modules").EnumerateArray())
        {
            columns.Add(
                Text(module, "name"),
                Text(module, "version"),
                Text(module, "kind") == "webAssembly" ? "wasm" : ".NET",
                Count(module, "symbols"),
                Count(module, "exports"),
                Format.Bytes(module.GetProperty("tableBytes").GetInt64()),
                Text(module, "path"));
        }

        columns.Write(terminal);
    }

    // Asks one question, and prints the answer as JSON or by the given words.
    private static void Act(
        Terminal terminal,
        Command command,
        Func<SymbolSource, CancellationToken, Task<JsonElement>> ask,
        Action<Terminal, JsonElement> print)
    {
        var options = SymbolOptions.AddTo(command, terminal);
        command.SetAction((parsed, cancellationToken) => options.UseAsync(
            parsed,
            async source =>
            {
                var answer = await ask(source, cancellationToken).ConfigureAwait(false);
                if (options.Json(parsed))
                {
                    CliJson.Write(terminal, answer, CliJson.Default.JsonElement);
                }
                else
                {
                    print(terminal, answer);
                }

                return ExitCodes.Ok;
            },
            cancellationToken));
    }

    private static string Text(JsonElement row, string name) =>
        row.TryGetProperty(name, out var value) ? value.GetString() ?? string.Empty : string.Empty;

    private static string Count(JsonElement row, string name) => Format.Count(row.GetProperty(name).GetInt64());
}
