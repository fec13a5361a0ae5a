using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Fuse.Takeover;

/// <summary>Which command a keeper runs, and how often it runs it again.</summary>
public sealed record MountKeeperOptions
{
    /// <summary>The program that serves the mounts.</summary>
    public required string Program { get; init; }

    /// <summary>Its arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>
    /// A run of the command that is a child of this process already, as when a shell starts it and then becomes the keeper, so
    /// that both start at the same time; null, the default, when the keeper is to start the first run too.
    /// </summary>
    /// <remarks>It waits for the keeper by <see cref="MountKeeperClient.ConnectAsync"/>.</remarks>
    public int? FirstProcess { get; init; }

    /// <summary>The keeper's socket; null, the default, makes one in a directory that only this user can enter.</summary>
    public string? SocketPath { get; init; }

    /// <summary>How many unexpected ends within <see cref="RestartWindow"/> are made good. Default 5.</summary>
    public int MaxRestarts { get; init; } = 5;

    /// <summary>See <see cref="MaxRestarts"/>. Default one minute.</summary>
    public TimeSpan RestartWindow { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The wait before the second restart in a window; it doubles. The first restart waits for nothing. Default 100 ms.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait before a restart. Default five seconds.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the command may take to unmount when the keeper is asked to end. Default 30 seconds.</summary>
    public TimeSpan StopDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many mounts are kept at most. Default 1,024.</summary>
    public int MaxMounts { get; init; } = 1024;

    /// <summary>Called with the process id whenever the command has been started. Nothing by default.</summary>
    public Action<int>? Started { get; init; }

    /// <summary>Where restarts are told. Nowhere by default.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Options that run this program again with other arguments.</summary>
    /// <param name="arguments">The arguments, which must make it serve instead of keep.</param>
    public static MountKeeperOptions ThisProgram(IEnumerable<string> arguments)
    {
        var path = Environment.ProcessPath ?? throw new InvalidOperationException("This program's path is not known.");
        var isHost = Path.GetFileNameWithoutExtension(path) == "dotnet";

        return new MountKeeperOptions
        {
            Program = path,
            Arguments = isHost ? [Environment.GetCommandLineArgs()[0], .. arguments] : [.. arguments],
        };
    }
}
