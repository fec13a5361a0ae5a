using System.Globalization;

namespace Larder.EndToEnd.Ccache;

/// <summary>What <c>ccache --print-stats</c> says.</summary>
internal sealed record CcacheCounters(long Misses, long LocalHits, long RemoteHits, long RemoteMisses, long RemoteErrors, long RemoteTimeouts)
{
    public static CcacheCounters Parse(string text)
    {
        var counters = text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => line.Split('\t'))
            .ToDictionary(static parts => parts[0], static parts => long.Parse(parts[1], CultureInfo.InvariantCulture));
        return new CcacheCounters(
            counters["cache_miss"],
            counters["local_storage_hit"],
            counters["remote_storage_hit"],
            counters["remote_storage_miss"],
            counters["remote_storage_error"],
            counters["remote_storage_timeout"]);
    }
}
