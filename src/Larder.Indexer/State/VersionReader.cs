using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>Reads the versions of the keys of the state that count at one sequence. For one thread.</summary>
/// <param name="snapshot">What to read from; the caller's.</param>
/// <param name="sequence">Versions above it do not count.</param>
/// <param name="dead">Neither do these.</param>
internal sealed class VersionReader(StoreSnapshot snapshot, ulong sequence, DeadIntervals dead) : IDisposable
{
    private readonly StoreValue _value = new();
    private readonly ScratchBuffer _scratch = new();
    private StoreIterator? _history;

    /// <summary>The value of a key, until the next call; empty when it has none.</summary>
    public ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key)
    {
        if (!snapshot.TryGet(StoreFamily.Values, key, _value))
        {
            return default;
        }

        var latest = _value.Span;
        return Counts(VersionFormat.SequenceOf(latest))
            ? VersionFormat.ValueOf(latest)
            : TryGetOlder(key, out _, out var older) ? older : default;
    }

    /// <summary>Whether a version counts.</summary>
    public bool Counts(ulong version) => version <= sequence && !dead.Contains(version);

    /// <summary>The newest version that counts among those that were superseded.</summary>
    /// <param name="key">The key.</param>
    /// <param name="version">Its sequence.</param>
    /// <param name="value">Its value, until the next call; empty when the version is a deletion.</param>
    /// <returns>False where there is none.</returns>
    public bool TryGetOlder(ReadOnlySpan<byte> key, out ulong version, out ReadOnlySpan<byte> value)
    {
        _history ??= snapshot.Iterate(StoreFamily.History);
        var start = VersionFormat.HistoryKey(_scratch, key, sequence);
        var prefix = start[..^VersionFormat.SequenceBytes];
        for (_history.Seek(start); _history.IsValid && _history.Key.StartsWith(prefix); _history.Next())
        {
            version = VersionFormat.SequenceOfHistoryKey(_history.Key);
            if (!dead.Contains(version))
            {
                value = _history.Value;
                return true;
            }
        }

        version = 0;
        value = default;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _value.Dispose();
        _history?.Dispose();
        _history = null;
    }
}
