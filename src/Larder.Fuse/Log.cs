using Larder.Fuse.Wire;
using Microsoft.Extensions.Logging;

namespace Larder.Fuse;

/// <summary>What mounts say. Numbers 800 to 899.</summary>
internal static partial class Log
{
    [LoggerMessage(800, LogLevel.Error, "FUSE: {Operation} of node {Node} failed and was answered with EIO.")]
    public static partial void RequestFailed(ILogger logger, Exception exception, FuseOpcode operation, ulong node);

    [LoggerMessage(801, LogLevel.Error, "FUSE: {Operation} of node {Node} was left without an answer; it was answered with EIO.")]
    public static partial void RequestUnanswered(ILogger logger, FuseOpcode operation, ulong node);

    [LoggerMessage(802, LogLevel.Error, "FUSE: {Operation} of node {Node} was not answered within the deadline; it was answered with EIO.")]
    public static partial void RequestOverdue(ILogger logger, FuseOpcode operation, ulong node);

    [LoggerMessage(803, LogLevel.Warning, "FUSE: a backing file of node {Node} ends before offset {Offset}.")]
    public static partial void BackingFileShort(ILogger logger, ulong node, long offset);

    [LoggerMessage(804, LogLevel.Information, "FUSE: passthrough is off for this mount: the kernel answered {Error}.")]
    public static partial void PassthroughOff(ILogger logger, FuseErrno error);

    [LoggerMessage(805, LogLevel.Debug, "FUSE: the kernel does not take a backing file: {Error}.")]
    public static partial void PassthroughRefused(ILogger logger, FuseErrno error);

    [LoggerMessage(806, LogLevel.Warning, "FUSE: a request of {Length} bytes is malformed ({Operation}).")]
    public static partial void Malformed(ILogger logger, int length, uint operation);

    [LoggerMessage(807, LogLevel.Error, "FUSE: reading requests of {MountPoint} failed with {Error}.")]
    public static partial void ReadingFailed(ILogger logger, string mountPoint, FuseErrno error);

    [LoggerMessage(808, LogLevel.Information, "FUSE: mounted on {MountPoint}: protocol 7.{Minor}, features {Features:x}, {Threads} threads.")]
    public static partial void Mounted(ILogger logger, string mountPoint, int minor, ulong features, int threads);

    [LoggerMessage(809, LogLevel.Information, "FUSE: took over {MountPoint}.")]
    public static partial void TakenOver(ILogger logger, string mountPoint);

    [LoggerMessage(810, LogLevel.Warning, "FUSE: {MountPoint} was left by a process that is gone; it was detached.")]
    public static partial void StaleDetached(ILogger logger, string mountPoint);

    [LoggerMessage(811, LogLevel.Warning, "FUSE: {MountPoint} still has open files after {Seconds} s; the connection is cut.")]
    public static partial void Cut(ILogger logger, string mountPoint, double seconds);

    [LoggerMessage(812, LogLevel.Information, "FUSE: {MountPoint} is unmounted.")]
    public static partial void Unmounted(ILogger logger, string mountPoint);

    [LoggerMessage(813, LogLevel.Debug, "FUSE: the read-ahead of {MountPoint} stays as it is: {Reason}.")]
    public static partial void ReadAheadUnchanged(ILogger logger, string mountPoint, string reason);

    [LoggerMessage(814, LogLevel.Error, "FUSE: the thread that watches deadlines of {MountPoint} met an error and goes on.")]
    public static partial void WatchdogFailed(ILogger logger, Exception exception, string mountPoint);

    [LoggerMessage(815, LogLevel.Warning, "FUSE: requests of {MountPoint} that the last process had read cannot be asked for again: {Error}.")]
    public static partial void ResendRefused(ILogger logger, string mountPoint, FuseErrno error);

    [LoggerMessage(820, LogLevel.Warning, "FUSE keeper: the command ended with {Code}; it is started again in {Delay} ms ({Count} in a row).")]
    public static partial void KeeperRestarts(ILogger logger, int code, double delay, int count);

    [LoggerMessage(821, LogLevel.Error, "FUSE keeper: the command ended {Count} times in {Seconds} s; its mounts are detached.")]
    public static partial void KeeperGivesUp(ILogger logger, int count, double seconds);

    [LoggerMessage(822, LogLevel.Warning, "FUSE keeper: a message of process {Process} was refused: {Reason}.")]
    public static partial void KeeperRefuses(ILogger logger, int process, string reason);

    [LoggerMessage(823, LogLevel.Warning, "FUSE: the keeper is gone ({Reason}); {MountPoint} now ends with this process.")]
    public static partial void KeeperLost(ILogger logger, string mountPoint, string reason);
}
