using System.CommandLine;
using System.Text.Json;
using Larder.Cli.Handlers;
using Larder.Handlers.Contract;

namespace Larder.Cli.Commands;

/// <summary><c>larder run</c>: a JavaScript handler, in this process or at a node.</summary>
internal static class RunCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("run", "Run a JavaScript handler and print what it returns and wants done. It gets what it is granted, and nothing else.")
        {
            Examples =
            [
                ("larder run counter.js --state '{\"count\":5}' --infer", "with everything that its source seems to need"),
                ("larder run counter.js --state state.json --args '{\"by\":2}' --grant state:read:count --grant state:write:count", "with just this"),
                ("larder run counter.js --context context.json --json", "a whole context from a file, the whole result for a program"),
                ("larder run counter.js --timeout 100ms --fuel 1000000", "with limits"),
                ("larder run fetch.js --infer --extension http=get --answer '{\"status\":200}'", "with the answer of an extension"),
                ("echo 'return 6 * 7' | larder run -", "from standard input"),
                ("larder run counter.js --node http://127.0.0.1:7070 --infer", "at a node"),
            ],
        };
        var file = new Argument<string>("file") { Description = "The handler: the body of a JavaScript function, or what 'larder compile' wrote (.qjsc). '-' is standard input." };
        command.Arguments.Add(file);
        var context = ContextOptions.AddTo(command, terminal);
        var limits = LimitOptions.AddTo(command);
        var answers = new Option<string[]>("--answer")
        {
            Description = "What the extension answers that the handler waits for; repeat it for one suspension after another.",
            HelpName = "JSON",
            DefaultValueFactory = static _ => [],
        };
        var fails = new Option<string[]>("--fail")
        {
            Description = "After the answers: let the call that the handler waits for fail with this message. Repeatable.",
            HelpName = "MESSAGE",
            DefaultValueFactory = static _ => [],
        };
        command.Options.Add(answers);
        command.Options.Add(fails);
        var cache = HandlerCacheOptions.AddTo(command, terminal);
        var json = new Option<bool>("--json") { Description = "Print the result as JSON; of several, all that came." };
        command.Options.Add(json);
        var node = RemoteOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var handler = await HandlerSource.ReadAsync(terminal, parsed.GetRequiredValue(file), cancellationToken).ConfigureAwait(false);
            var full = await context.ReadAsync(parsed, handler, cancellationToken).ConfigureAwait(false);
            ResumeResult[] resumptions =
            [
                .. (parsed.GetValue(answers) ?? []).Select(Answer),
                .. (parsed.GetValue(fails) ?? []).Select(ResumeResult.Failed),
            ];
            List<JsonElement> results;
            if (node.IsGiven(parsed))
            {
                var remote = new RemoteHandlers(node.Open(parsed));
                await using (remote.ConfigureAwait(false))
                {
                    results = await remote.RunAsync(handler, full, limits.ToJson(parsed), resumptions, cancellationToken).ConfigureAwait(false);
                }
            }
            else
            {
                var local = await LocalHandlers.StartAsync(limits.ToOptions(parsed), cache.Directory(parsed), cancellationToken).ConfigureAwait(false);
                await using (local.ConfigureAwait(false))
                {
                    results = await local.RunAsync(handler, full, resumptions, cancellationToken).ConfigureAwait(false);
                }
            }

            if (!parsed.GetValue(json))
            {
                return ResultReport.Show(terminal, handler, results);
            }

            foreach (var result in results)
            {
                CliJson.Write(terminal, result, CliJson.Default.JsonElement);
            }

            return ResultReport.ExitCodeOf(results[^1]);
        });
        return command;
    }

    private static ResumeResult Answer(string text)
    {
        try
        {
            return ResumeResult.Of(JsonElement.Parse(text));
        }
        catch (JsonException e)
        {
            throw CommandException.Usage($"--answer: '{text}' is not JSON: {e.Message}");
        }
    }
}
