using System.Text.Json;
using Larder.Cli.Output;
using Larder.Fuse.Takeover;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Images;

/// <summary>
/// The two processes behind a mount, started by <c>larder mount</c> with its request in JSON: one that keeps the mount and starts
/// the other again, and one that serves it. They are no commands for people, and skip what those need.
/// </summary>
internal static class MountProcess
{
    private const string Keep = "keep-mount";
    private const string Serve = "serve-mount";

    /// <summary>The command line that keeps a mount.</summary>
    public static MountKeeperOptions Keeper(MountRequest request) => MountKeeperOptions.ThisProgram([Keep, Encode(request)]);

    /// <summary>Whether a command line is one of these; if so, it is run.</summary>
    public static bool Recognises(string[] arguments) => arguments is [Keep or Serve, _];

    /// <summary>Runs it to its end.</summary>
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal, CancellationToken cancellationToken)
    {
        var request = JsonSerializer.Deserialize(arguments[1], ImageJson.Default.MountRequest)
            ?? throw CommandException.Usage("The request for a mount is malformed.");
        return arguments[0] == Serve
            ? await MountServer.RunAsync(terminal, request, cancellationToken).ConfigureAwait(false)
            : await KeepAsync(terminal, request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Keeps a mount until it ends.</summary>
    public static async Task<int> KeepAsync(Terminal terminal, MountRequest request, CancellationToken cancellationToken)
    {
        using var loggers = new StandardErrorLogging(terminal, LogLevel.Warning);
        var options = MountKeeperOptions.ThisProgram([Serve, Encode(request)]) with { Logger = loggers.CreateLogger("mount") };
        return await MountKeeper.RunAsync(options, cancellationToken).ConfigureAwait(false);
    }

    private static string Encode(MountRequest request) => JsonSerializer.Serialize(request, ImageJson.Default.MountRequest);
}
