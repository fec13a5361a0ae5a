using Larder.Symbols.Caching;
using Microsoft.Extensions.Logging;

namespace Larder.Symbols;

/// <summary>What this project logs.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "The cache of {Cache} finds {HitRatio:P1} of {Lookups} lookups: what is asked for is not what is kept.")]
    public static partial void LowHitRatio(ILogger logger, SymbolCacheKind cache, double hitRatio, long lookups);

    [LoggerMessage(
        2, LogLevel.Warning,
        "The cache of {Cache} is too small: {Evictions} evictions and {HitRatio:P1} hits with {Entries} entries; {Advised} would serve better.")]
    public static partial void TooSmall(ILogger logger, SymbolCacheKind cache, long evictions, double hitRatio, long entries, long advised);

    [LoggerMessage(3, LogLevel.Information, "The symbol caches gave up {Freed} bytes and hold {Held}.")]
    public static partial void Trimmed(ILogger logger, long freed, long held);

    [LoggerMessage(4, LogLevel.Warning, "{Problem}")]
    public static partial void NotLoaded(ILogger logger, string problem);

    [LoggerMessage(5, LogLevel.Warning, "The stored symbol table {Table} is not usable and is made anew: {Problem}")]
    public static partial void BadTable(ILogger logger, string table, string problem);

    [LoggerMessage(6, LogLevel.Information, "{Path} {Change}: {Entries} entries of its module went.")]
    public static partial void ModuleChanged(ILogger logger, string path, string change, int entries);

    [LoggerMessage(7, LogLevel.Warning, "Watching {Path} goes on by looking again: {Problem}")]
    public static partial void WatchFailed(ILogger logger, string path, string problem);
}
