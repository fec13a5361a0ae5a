using Larder.Cache.Artifacts;
using Microsoft.Extensions.Logging;

namespace Larder.Cache;

/// <summary>What the disk tier says. Numbers 200 to 299.</summary>
internal static partial class Log
{
    [LoggerMessage(200, LogLevel.Warning, "Disk tier: {Operation} of {Key} failed with error {Error}.")]
    public static partial void DiskFailure(ILogger logger, string operation, ArtifactKey key, int error);

    [LoggerMessage(201, LogLevel.Warning, "Disk tier: no space left for {Key} on {Operation}.")]
    public static partial void NoSpace(ILogger logger, ArtifactKey key, string operation);

    [LoggerMessage(202, LogLevel.Error, "Disk tier: {Root} cannot be written (error {Error}); puts are refused for a while.")]
    public static partial void ReadOnly(ILogger logger, string root, int error);

    [LoggerMessage(203, LogLevel.Warning, "Disk tier: {Key} is damaged and was set aside.")]
    public static partial void Quarantined(ILogger logger, ArtifactKey key);

    [LoggerMessage(204, LogLevel.Warning, "Disk tier: a symbolic link in the place of {Key} was removed.")]
    public static partial void SymbolicLinkRemoved(ILogger logger, ArtifactKey key);

    [LoggerMessage(205, LogLevel.Information, "Disk tier: {Root} recovered: {Entries} entries, {Orphans} orphans removed, {Milliseconds} ms.")]
    public static partial void Recovered(ILogger logger, string root, long entries, int orphans, long milliseconds);

    [LoggerMessage(206, LogLevel.Error, "Disk tier: the background work of {Root} failed and goes on.")]
    public static partial void BackgroundFailed(ILogger logger, Exception exception, string root);

    [LoggerMessage(207, LogLevel.Warning, "Disk tier: {Path} could not be read (error {Error}); its entries are found when they are asked for.")]
    public static partial void ScanFailed(ILogger logger, string path, int error);

    [LoggerMessage(208, LogLevel.Error, "Disk tier: syncing {Key} failed with error {Error}; the entry was removed.")]
    public static partial void SyncFailed(ILogger logger, ArtifactKey key, int error);

    [LoggerMessage(209, LogLevel.Information, "Disk tier: scrubbed {Root}: {Entries} entries, {Damaged} damaged.")]
    public static partial void Scrubbed(ILogger logger, string root, long entries, long damaged);

    [LoggerMessage(210, LogLevel.Error, "Disk tier: syncing {Path} failed with error {Error}.")]
    public static partial void FlushFailed(ILogger logger, string path, int error);

    [LoggerMessage(211, LogLevel.Warning, "Disk tier: the index file of {Root} could not be used or written: {Problem}.")]
    public static partial void IndexFile(ILogger logger, string root, string problem);

    [LoggerMessage(212, LogLevel.Debug, "Disk tier: {Key} is removed: {Reason}.")]
    public static partial void EntryRemoved(ILogger logger, ArtifactKey key, RemovalReason reason);
}
