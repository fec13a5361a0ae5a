using System.Text.Json;
using Larder.Indexer.Caching;

namespace Larder.Cli.Indexing;

/// <summary>The read cache's memory report and its analysis of key prefixes, for programs.</summary>
internal static class CacheReport
{
    public static void Write(Utf8JsonWriter writer, ReadCache cache)
    {
        var statistics = cache.GetStatistics();
        writer.WriteStartObject("cache"u8);
        writer.WriteNumber("sizeBytes"u8, statistics.SizeBytes);
        writer.WriteNumber("usedBytes"u8, statistics.MemoryBytes);
        writer.WriteNumber("residentBytes"u8, statistics.ResidentBytes);
        writer.WriteStartArray("partitions"u8);
        foreach (var part in statistics.Partitions)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, part.Partition.ToString().ToLowerInvariant());
            writer.WriteNumber("capacityBytes"u8, part.CapacityBytes);
            writer.WriteNumber("usedBytes"u8, part.MemoryBytes);
            writer.WriteNumber("entries"u8, part.Items);
            writer.WriteNumber("negativeEntries"u8, part.NegativeItems);
            writer.WriteNumber("lookups"u8, part.Lookups);
            writer.WriteNumber("hits"u8, part.Hits);
            writer.WriteNumber("negativeHits"u8, part.NegativeHits);
            writer.WriteNumber("evicted"u8, part.Evicted);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (cache.GetKeyPrefixReport() is { } keys)
        {
            WriteKeys(writer, keys);
        }

        writer.WriteEndObject();
    }

    private static void WriteKeys(Utf8JsonWriter writer, KeyPrefixReport keys)
    {
        writer.WriteNumber("analysedLookups"u8, keys.Lookups);
        writer.WriteNumber("lookupsWithoutPrefix"u8, keys.OtherLookups);
        writer.WriteStartArray("prefixes"u8);
        foreach (var prefix in keys.Prefixes)
        {
            writer.WriteStartObject();
            writer.WriteString("prefix"u8, prefix.Prefix);
            writer.WriteNumber("hits"u8, prefix.Hits);
            writer.WriteNumber("misses"u8, prefix.Misses);
            writer.WriteNumber("keys"u8, prefix.Keys);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("hints"u8);
        foreach (var hint in keys.Hints)
        {
            writer.WriteStringValue(hint);
        }

        writer.WriteEndArray();
    }
}
