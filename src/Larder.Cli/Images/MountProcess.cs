using System.Globalization;
using Larder.Cli.Output;
using Larder.Fuse.Takeover;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Images;

/// <summary>
/// The two processes behind a mount, started by <c>larder mount</c> with its request in JSON: one that keeps the mount and starts
/// the other again, and one that serves it. They are no commands for people, and skip what those need.
/// </summary>
/// <remarks>
/// Both start at the same time: a shell starts the first that serves, and then becomes the one that keeps (<see cref="Script"/>), so
/// that the one is the other's child. Successors are started by the keeper.
/// </remarks>
internal static class MountProcess
{
    /// <summary>The variable that names the file that both processes write what they have to say to.</summary>
    public const string LogVariable = "LARDER_MOUNT_LOG";

    /// <summary>
    /// For <c>sh -c</c>, with <see cref="Arguments"/>: starts both. The keeper's socket, of which the variable has the beginning,
    /// ends with the keeper's process id, so that one that is left over is known.
    /// </summary>
    public const string Script =
        """
        exec </dev/null 2>>"$LARDER_MOUNT_LOG"
        export LARDER_MOUNT_KEEPER="$LARDER_MOUNT_KEEPER.$$"
        request=$1
        shift
        "$@" begin-mount "$request" &
        exec "$@" keep-mount "$request" "$!"
        """;

    private const string Keep = "keep-mount";
    private const string Begin = "begin-mount";
    private const string Serve = "serve-mount";

    /// <summary>The arguments of <see cref="Script"/>.</summary>
    public static IEnumerable<string> Arguments(MountRequest request)
    {
        var program = MountKeeperOptions.ThisProgram([]);
        return ["sh", request.Encode(), program.Program, .. program.Arguments];
    }

    /// <summary>Whether a command line is one of these; if so, it is run.</summary>
    public static bool Recognises(string[] arguments) => arguments is [Keep, _, _] or [Begin or Serve, _];

    /// <summary>Runs it to its end.</summary>
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal, CancellationToken cancellationToken)
    {
        if (arguments[0] == Keep)
        {
            var first = int.Parse(arguments[2], CultureInfo.InvariantCulture);
            return await KeepAsync(
                terminal, arguments[1], terminal.Variable(MountKeeperClient.SocketVariable), first, cancellationToken).ConfigureAwait(false);
        }

        return await MountServer.RunAsync(terminal, MountRequest.Decode(arguments[1]), arguments[0] == Begin, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Keeps a mount until it ends, beginning with the start of the process that serves it.</summary>
    public static Task<int> KeepAsync(Terminal terminal, MountRequest request, CancellationToken cancellationToken)
    {
        var socket = $"{new MountRegistry(terminal).SocketOf(request.MountPoint)}.{Environment.ProcessId}";
        return KeepAsync(terminal, request.Encode(), socket, first: null, cancellationToken);
    }

    private static async Task<int> KeepAsync(Terminal terminal, string request, string? socket, int? first, CancellationToken cancellationToken)
    {
        using var loggers = new StandardErrorLogging(terminal, LogLevel.Warning);
        var options = MountKeeperOptions.ThisProgram([Serve, request]) with
        {
            FirstProcess = first,
            SocketPath = socket,
            Logger = loggers.CreateLogger("mount"),
        };
        return await MountKeeper.RunAsync(options, cancellationToken).ConfigureAwait(false);
    }
}
