using System.CommandLine;
using System.Globalization;
using Larder.Cli.Images;
using Larder.Cli.Output;
using Larder.Handlers;
using Larder.Handlers.Engine;
using Larder.Node;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Commands;

/// <summary><c>larder serve</c>: runs a node until it is told to stop.</summary>
internal static class ServeCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand(
            "serve", "Run a node in the foreground until SIGTERM or Ctrl+C; a second signal ends it at once.")
        {
            Examples =
            [
                ("larder serve", "on 127.0.0.1:7070, in the user's cache directory"),
                ("larder serve --listen 127.0.0.1:0 --data ./cache", "on a free port, in a directory of your choice"),
                ("larder serve --listen '*:7070' --token \"$SECRET\"", "for a network; it needs a token"),
                ("larder serve --upstream http://cache.example:7070", "in front of another node"),
            ],
        };
        var portFile = new Option<string?>("--port-file")
        {
            Description = "Write the port to this file as soon as the node listens; it is removed at the end.",
            HelpName = "FILE",
        };
        command.Options.Add(portFile);
        var settings = SettingOptions.AddTo(command, terminal);
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(terminal, settings.Load(parsed).Options, parsed.GetValue(portFile), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal, NodeOptions options, string? portFile, CancellationToken cancellationToken)
    {
        using var loggers = new StandardErrorLogging(terminal, options.LogLevel, options.LogPretty);
        options = options with { Mounts = options.Mounts with { Holder = new NodeMounts(terminal, options) } };
        var node = await StartAsync(options, loggers, cancellationToken).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            try
            {
                if (portFile is not null)
                {
                    await WritePortAsync(portFile, node.Address.Port).ConfigureAwait(false);
                }

                Welcome(terminal, options, node.Address);
                await WaitAsync(node, cancellationToken).ConfigureAwait(false);
                terminal.Remark("larder: stopping; requests in flight are finished first. A second signal stops at once.");
                await node.StopAsync(CancellationToken.None).ConfigureAwait(false);
                return ExitCodes.Ok;
            }
            finally
            {
                if (portFile is not null)
                {
                    File.Delete(portFile);
                }
            }
        }
    }

    private static async Task<NodeHost> StartAsync(NodeOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        try
        {
            return await NodeHost.StartAsync(options, loggers, cancellationToken).ConfigureAwait(false);
        }
        catch (NodeException e)
        {
            throw new CommandException(e.Kind == NodeErrorKind.Listen ? ExitCodes.Unreachable : ExitCodes.Usage, e.Message, e);
        }
    }

    private static async Task WaitAsync(NodeHost node, CancellationToken cancellationToken)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, node.Draining);
        await Task.Delay(Timeout.Infinite, ends.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Renamed into place, so that whoever waits for the file never reads half a number.
    private static async Task WritePortAsync(string path, int port)
    {
        var aside = $"{path}.{Environment.ProcessId}.part";
        await File.WriteAllTextAsync(aside, port.ToString(CultureInfo.InvariantCulture) + "\n", CancellationToken.None).ConfigureAwait(false);
        File.Move(aside, path, overwrite: true);
    }

    private static void Welcome(Terminal terminal, NodeOptions options, Uri address)
    {
        var url = address.ToString().TrimEnd('/');
        var token = options.Tokens.IsDefaultOrEmpty ? string.Empty : "|bearer-token=TOKEN";
        terminal.Say($"larder {BuiltVersion.Text} listens on {url}");
        terminal.Say($"  data       {options.DataDirectory} ({Format.Capacity(options.DiskCapacityBytes)})");
        terminal.Say($"  memory     {Format.Capacity(options.MemoryCapacityBytes)}");
        if (options.Upstream is { } upstream)
        {
            terminal.Say($"  upstream   {upstream.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped)}");
        }

        terminal.Say($"  dashboard  {url}/");
        if (options.Handlers.Enabled)
        {
            terminal.Say($"  handlers   {Handlers(options, url)}");
        }

        terminal.Say($"  ccache     export CCACHE_REMOTE_STORAGE='{url}/ccache{token}'");
        terminal.Say(token.Length == 0
            ? $"  bazel      bazel build --remote_cache={url} //..."
            : $"  bazel      bazel build --remote_cache={url} --remote_header='Authorization=Bearer TOKEN' //...");
        terminal.Out.Flush();
    }

    // A node without the engine serves everything else, and says so here.
    private static string Handlers(NodeOptions options, string url)
    {
        try
        {
            EngineModule.Find(options.Handlers.Runtime.EngineModulePath);
            return url + "/playground";
        }
        catch (HandlersException e)
        {
            return "off: " + e.Message;
        }
    }
}
