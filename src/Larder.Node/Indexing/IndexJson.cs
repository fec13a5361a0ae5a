using System.Text.Json;
using Larder.Indexer;
using Larder.Indexer.Blocks;
using Larder.Indexer.Caching;
using Larder.Indexer.State;

namespace Larder.Node.Indexing;

/// <summary>An index and its blocks as JSON: what <c>/v1/indexes</c> answers and the command prints.</summary>
public static class IndexJson
{
    /// <summary>Writes what is known of a block.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="block">The block.</param>
    /// <param name="prefixes">The prefixes that have roots.</param>
    public static void Write(Utf8JsonWriter writer, BlockRecord block, IReadOnlyList<KeyPrefix> prefixes)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(prefixes);
        writer.WriteStartObject();
        writer.WriteNumber("height"u8, block.Height);
        writer.WriteString("hash"u8, block.Hash.ToString());
        writer.WriteString("previousHash"u8, block.PreviousHash.ToString());
        writer.WriteString("root"u8, block.Root.ToString());
        if (prefixes.Count > 0)
        {
            writer.WriteStartObject("prefixRoots"u8);
            for (var i = 0; i < prefixes.Count && i < block.PrefixRoots.Length; i++)
            {
                writer.WriteString(prefixes[i].Name, block.PrefixRoots[i].ToString());
            }

            writer.WriteEndObject();
        }

        writer.WriteNumber("writes"u8, block.Writes);
        writer.WriteString("flushDigest"u8, block.Run.FlushDigest.ToString());
        writer.WriteNumber("fuel"u8, block.Run.Fuel);
        writer.WriteNumber("memoryPages"u8, block.Run.MemoryPages);
        if (!block.Run.MemoryDigest.IsDefault)
        {
            writer.WriteString("memoryDigest"u8, block.Run.MemoryDigest.ToString());
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes an index: its tip, figures and, where blocks come by themselves, how far that is.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="index">The index.</param>
    /// <param name="source">Where blocks come from, in words; null for nowhere.</param>
    /// <param name="state">How far they have come; null for nowhere.</param>
    /// <param name="failure">What is wrong; null when nothing is.</param>
    public static void Write(Utf8JsonWriter writer, string name, BlockIndexer index, string? source, FollowerState? state, string? failure = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(index);
        var statistics = index.GetStatistics();
        writer.WriteStartObject();
        writer.WriteString("name"u8, name);
        writer.WriteString("state"u8, "open"u8);
        if (failure is not null)
        {
            writer.WriteString("failure"u8, failure);
        }

        WriteModule(writer, index);
        writer.WritePropertyName("tip"u8);
        if (statistics.Tip is { } tip)
        {
            Write(writer, tip, index.Store.Options.Prefixes ?? []);
        }
        else
        {
            writer.WriteNullValue();
        }

        if (index.Store.LowestHeight is { } lowest)
        {
            writer.WriteNumber("lowestHeight"u8, lowest);
        }

        writer.WriteStartObject("indexed"u8);
        writer.WriteNumber("blocks"u8, statistics.Blocks);
        writer.WriteNumber("bytes"u8, statistics.BlockBytes);
        writer.WriteNumber("writes"u8, statistics.Writes);
        writer.WriteNumber("rollbacks"u8, statistics.Rollbacks);
        writer.WriteEndObject();
        WriteViews(writer, statistics.Views);
        if (statistics.Cache is { } cache)
        {
            WriteCache(writer, cache);
        }

        if (state is not null)
        {
            WriteSource(writer, source, state);
        }

        writer.WriteEndObject();
    }

    private static void WriteModule(Utf8JsonWriter writer, BlockIndexer index)
    {
        writer.WriteStartObject("module"u8);
        writer.WriteString("digest"u8, index.Module.ModuleDigest.ToString());
        writer.WriteString("recipe"u8, index.Module.Recipe.ToString());
        writer.WriteStartArray("views"u8);
        foreach (var view in index.Module.Views)
        {
            writer.WriteStringValue(view);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteViews(Utf8JsonWriter writer, ViewStatistics views)
    {
        writer.WriteStartObject("views"u8);
        writer.WriteNumber("runs"u8, views.Runs);
        writer.WriteNumber("remembered"u8, views.Remembered);
        writer.WriteNumber("shared"u8, views.Shared);
        writer.WriteNumber("failed"u8, views.Failed);
        writer.WriteNumber("running"u8, views.Running);
        writer.WriteNumber("waiting"u8, views.Waiting);
        writer.WriteNumber("medianMs"u8, views.Median.TotalMilliseconds);
        writer.WriteNumber("p99Ms"u8, views.Percentile99.TotalMilliseconds);
        writer.WriteNumber("longestMs"u8, views.Longest.TotalMilliseconds);
        writer.WriteEndObject();
    }

    /// <summary>Writes the figures of a read cache as the property <c>cache</c>.</summary>
    /// <param name="writer">In an object.</param>
    /// <param name="cache">The figures.</param>
    /// <param name="keys">Which prefixes of keys were looked up; null where that was not analysed.</param>
    public static void WriteCache(Utf8JsonWriter writer, ReadCacheStatistics cache, KeyPrefixReport? keys = null)
    {
        writer.WriteStartObject("cache"u8);
        writer.WriteNumber("sizeBytes"u8, cache.SizeBytes);
        writer.WriteNumber("residentBytes"u8, cache.ResidentBytes);
        writer.WriteString("mode"u8, JsonNamingPolicy.CamelCase.ConvertName(cache.Mode.ToString()));
        writer.WriteStartArray("partitions"u8);
        foreach (var part in cache.Partitions)
        {
            writer.WriteStartObject();
            writer.WriteString("partition"u8, JsonNamingPolicy.CamelCase.ConvertName(part.Partition.ToString()));
            writer.WriteNumber("capacityBytes"u8, part.CapacityBytes);
            writer.WriteNumber("memoryBytes"u8, part.MemoryBytes);
            writer.WriteNumber("items"u8, part.Items);
            writer.WriteNumber("negativeItems"u8, part.NegativeItems);
            writer.WriteNumber("lookups"u8, part.Lookups);
            writer.WriteNumber("hits"u8, part.Hits);
            writer.WriteNumber("negativeHits"u8, part.NegativeHits);
            writer.WriteNumber("evicted"u8, part.Evicted);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (keys is not null)
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

    private static void WriteSource(Utf8JsonWriter writer, string? source, FollowerState state)
    {
        writer.WriteStartObject("source"u8);
        writer.WriteString("description"u8, source);
        writer.WriteString("phase"u8, JsonNamingPolicy.CamelCase.ConvertName(state.Phase.ToString()));
        if (state.SourceHeight is { } height)
        {
            writer.WriteNumber("height"u8, height);
        }

        writer.WriteNumber("blocks"u8, state.Blocks);
        writer.WriteNumber("bytes"u8, state.Bytes);
        writer.WriteNumber("busySeconds"u8, state.Busy.TotalSeconds);
        if (state.LastBlock is { } last)
        {
            writer.WriteString("lastBlock"u8, last);
        }

        if (state.Failure is { } failure)
        {
            writer.WriteString("failure"u8, failure);
        }

        writer.WriteNumber("reorganisations"u8, state.ReorganisationCount);
        writer.WriteStartArray("lastReorganisations"u8);
        foreach (var seen in state.Reorganisations)
        {
            writer.WriteStartObject();
            writer.WriteString("time"u8, seen.Time);
            writer.WriteNumber("ancestor"u8, seen.Ancestor);
            writer.WriteNumber("depth"u8, seen.Depth);
            writer.WriteString("oldTip"u8, seen.OldTip.ToString());
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
