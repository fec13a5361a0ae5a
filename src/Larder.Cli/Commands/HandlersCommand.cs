using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Larder.Cli.Handlers;
using Larder.Cli.Output;

namespace Larder.Cli.Commands;

/// <summary><c>larder handlers</c>: what a node knows of the handlers that it runs.</summary>
internal static class HandlersCommand
{
    public static Command Create(Terminal terminal) => new("handlers", "Look after the handlers of a node.")
    {
        List(terminal), Statistics(terminal), Warm(terminal), Clear(terminal),
    };

    private static DocumentedCommand List(Terminal terminal)
    {
        var command = new DocumentedCommand("ls", "List the handlers that the node ran, the latest first.")
        {
            Examples = [("larder handlers ls", "runs, failures and times of each"), ("larder handlers ls --json", "for a program")],
        };
        Act(terminal, command, HttpMethod.Get, "", static (terminal, answer) =>
        {
            var columns = new Columns("HANDLER", "NAME", ">RUNS", ">FAILED", ">HITS", ">MEAN", ">P50", ">P99", ">MEMORY", "LAST USED");
            foreach (var handler in answer.GetProperty("handlers").EnumerateArray())
            {
                var used = handler.GetProperty("lastUsed").TryGetDateTimeOffset(out var time) ? time : default;
                columns.Add(
                    handler.GetProperty("key").GetString() is { Length: > 12 } key ? key[..12] : "–",
                    handler.GetProperty("name").GetString() ?? string.Empty,
                    Count(handler, "executions"),
                    Count(handler, "failures"),
                    Count(handler, "cacheHits"),
                    Time(handler, "avgExecutionTimeUs"),
                    Time(handler, "p50ExecutionTimeUs"),
                    Time(handler, "p99ExecutionTimeUs"),
                    Format.Bytes(handler.GetProperty("peakMemoryBytes").GetInt64()),
                    Format.Moment(used));
            }

            columns.Write(terminal);
        });
        return command;
    }

    private static DocumentedCommand Statistics(Terminal terminal)
    {
        var command = new DocumentedCommand("stats", "Show what the node's runtime of handlers did.")
        {
            Examples = [("larder handlers stats", "runs, instances, hit rate, times, errors")],
        };
        Act(terminal, command, HttpMethod.Get, "/stats", static (terminal, answer) =>
        {
            var columns = new Columns("WHAT", "VALUE");
            foreach (var member in answer.EnumerateObject())
            {
                var value = member.Value.ValueKind == JsonValueKind.Object
                    ? string.Join(", ", member.Value.EnumerateObject().Select(static one => $"{one.Name} {one.Value}"))
                    : Value(member);
                columns.Add(Words(member.Name), value.Length == 0 ? "–" : value);
            }

            columns.Write(terminal);
        });
        return command;
    }

    private static DocumentedCommand Warm(Terminal terminal)
    {
        var command = new DocumentedCommand("warm", "Compile handlers at the node before anyone calls them.")
        {
            Examples = [("larder handlers warm handlers/*.js", "every handler of a directory")],
        };
        var files = new Argument<string[]>("files") { Description = "The handlers.", Arity = ArgumentArity.OneOrMore };
        command.Arguments.Add(files);
        var node = RemoteOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var sources = new List<string>();
            foreach (var file in parsed.GetRequiredValue(files))
            {
                var handler = await HandlerSource.ReadAsync(terminal, file, cancellationToken).ConfigureAwait(false);
                sources.Add(handler.Text ?? throw CommandException.Usage($"'{file}' is compiled already; warm takes sources."));
            }

            var remote = new RemoteHandlers(node.Open(parsed));
            await using (remote.ConfigureAwait(false))
            {
                var answer = await remote.AskAsync(
                    "/warm", HandlerCallJson.Merge(default, ("sources", HandlerCallJson.Texts(sources))), cancellationToken).ConfigureAwait(false);
                var ready = answer.GetProperty("ready").GetInt32();
                terminal.Say($"{Format.Count(ready)} of {Format.Count(sources.Count, "handler is", "handlers are")} ready.");
                return ready == sources.Count ? ExitCodes.Ok : ExitCodes.Failure;
            }
        });
        return command;
    }

    private static DocumentedCommand Clear(Terminal terminal)
    {
        var command = new DocumentedCommand("clear", "Remove every compiled handler from the node's cache. They are compiled again when they are called.")
        {
            Examples = [("larder handlers clear", "after which every handler is compiled anew")],
        };
        Act(terminal, command, HttpMethod.Post, "/clear", static (terminal, _) => terminal.Say("The node has no compiled handlers now."));
        return command;
    }

    // Asks the node one question, and prints the answer as JSON or by the given words.
    private static void Act(Terminal terminal, Command command, HttpMethod method, string path, Action<Terminal, JsonElement> print)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Options.Add(json);
        var node = RemoteOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var store = node.Open(parsed);
            await using (store.ConfigureAwait(false))
            {
                var answer = await store.HandlersAsync(method, path, null, cancellationToken).ConfigureAwait(false);
                if (parsed.GetValue(json) && answer.ValueKind != JsonValueKind.Undefined)
                {
                    CliJson.Write(terminal, answer, CliJson.Default.JsonElement);
                }
                else
                {
                    print(terminal, answer);
                }

                return ExitCodes.Ok;
            }
        });
    }

    private static string Count(JsonElement row, string name) => Format.Count(row.GetProperty(name).GetInt64());

    private static string Time(JsonElement row, string name) => Micros(row.GetProperty(name).GetDouble());

    private static string Micros(double time) => time < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{time:0} µs")
        : string.Create(CultureInfo.InvariantCulture, $"{time / 1000:0.0} ms");

    private static string Value(JsonProperty member) =>
        member.Name.EndsWith("TimeUs", StringComparison.Ordinal) ? Micros(member.Value.GetDouble())
        : member.Name.EndsWith("Bytes", StringComparison.Ordinal) ? Format.Bytes(member.Value.GetInt64())
        : member.Name == "cacheHitRate" ? string.Create(CultureInfo.InvariantCulture, $"{100 * member.Value.GetDouble():0.0} %")
        : member.Value.ValueKind == JsonValueKind.Number ? Format.Count(member.Value.GetInt64())
        : member.Value.ToString();

    // avgExecutionTimeUs becomes "avg execution time".
    private static string Words(string name)
    {
        var end = name.EndsWith("Us", StringComparison.Ordinal) ? name[..^2] : name.EndsWith("Bytes", StringComparison.Ordinal) ? name[..^5] : name;
        return string.Concat(end.Select(static letter => char.IsAsciiLetterUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : letter.ToString()));
    }
}
