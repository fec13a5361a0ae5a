using System.CommandLine;
using System.Text.Json;
using Larder.Cli.Handlers;
using Larder.Cli.Output;
using Larder.Handlers;
using Larder.Node.Handlers;

namespace Larder.Cli.Commands;

/// <summary><c>larder compile</c>: a JavaScript handler as a file that runs without being compiled again.</summary>
internal static class CompileCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("compile", "Compile a JavaScript handler, to check it or to keep what it was compiled to.")
        {
            Examples =
            [
                ("larder compile counter.js", "check it"),
                ("larder compile counter.js -o counter.qjsc", "then: larder run counter.qjsc --grant 'state:read:*'"),
            ],
        };
        var file = new Argument<string>("file") { Description = "The handler: the body of a JavaScript function. '-' is standard input." };
        command.Arguments.Add(file);
        var output = new Option<string?>("--output", "-o") { Description = "Where to; ends with .qjsc.", HelpName = "FILE" };
        command.Options.Add(output);
        var cache = HandlerCacheOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var handler = await HandlerSource.ReadAsync(terminal, parsed.GetRequiredValue(file), cancellationToken).ConfigureAwait(false);
            if (handler.Text is not { } source)
            {
                throw CommandException.Usage($"'{handler.Path}' is compiled already.");
            }

            var path = parsed.GetValue(output);
            if (path is not null && !path.EndsWith(HandlerSource.CompiledExtension, StringComparison.OrdinalIgnoreCase))
            {
                throw CommandException.Usage($"'{path}' must end with {HandlerSource.CompiledExtension}, by which 'larder run' knows it.");
            }

            var options = new HandlerRuntimeOptions { MinInstances = 0, MaxInstances = 1 };
            var local = await LocalHandlers.StartAsync(options, cache.Directory(parsed), cancellationToken).ConfigureAwait(false);
            await using (local.ConfigureAwait(false))
            {
                return await CompileAsync(terminal, local, handler, source, path, cancellationToken).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static async Task<int> CompileAsync(
        Terminal terminal, LocalHandlers local, HandlerSource handler, string source, string? path, CancellationToken cancellationToken)
    {
        try
        {
            var compiled = await local.CompileAsync(source, cancellationToken).ConfigureAwait(false);
            if (path is not null)
            {
                await LocalFiles.WriteAsync(path, compiled.Artifact, cancellationToken).ConfigureAwait(false);
            }

            var how = compiled.CompilationTime is { } time
                ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"compiled in {time.TotalMilliseconds:0.0} ms")
                : $"from {HandlerJson.NameOf(compiled.Origin)}";
            terminal.Say($"{path ?? handler.Path}: {Format.Bytes(compiled.Artifact.Length)}, {how}, {compiled.Key}.");
            return ExitCodes.Ok;
        }
        catch (HandlersException e) when (e.Error is { } error)
        {
            ResultReport.ShowError(terminal, handler, JsonElement.Parse(HandlerCallJson.Write(writer => HandlerJson.WriteError(writer, error)).Span));
            return ExitCodes.Damaged;
        }
        catch (HandlersException e)
        {
            throw LocalHandlers.Translate(e);
        }
    }
}
