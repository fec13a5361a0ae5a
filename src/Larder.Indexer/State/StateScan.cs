using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>Lists keys with their values as they count at one sequence.</summary>
internal static class StateScan
{
    public static IEnumerable<StateEntry> Entries(StoreGeneration generation, ulong sequence, ReadOnlyMemory<byte> prefix, long limit)
    {
        // Every key that ever counted has a newest version, if only one that does not count.
        using var iterator = generation.Snapshot.Iterate(StoreFamily.Values, scan: true);
        using var reader = new VersionReader(generation.Snapshot, sequence, generation.Header.Dead);
        for (iterator.Seek(prefix.Span); limit > 0 && iterator.IsValid; iterator.Next())
        {
            if (!iterator.Key.StartsWith(prefix.Span))
            {
                yield break;
            }

            if (TryTake(iterator, reader, out var entry))
            {
                limit--;
                yield return entry;
            }
        }
    }

    private static bool TryTake(StoreIterator iterator, VersionReader reader, out StateEntry entry)
    {
        var key = iterator.Key;
        var latest = iterator.Value;
        ReadOnlySpan<byte> value = default;
        if (reader.Counts(VersionFormat.SequenceOf(latest)))
        {
            value = VersionFormat.ValueOf(latest);
        }
        else if (reader.TryGetOlder(key, out _, out var older))
        {
            value = older;
        }

        entry = value.IsEmpty ? default : new StateEntry(key.ToArray(), value.ToArray());
        return !value.IsEmpty;
    }
}
