using System.Collections.Immutable;
using System.Globalization;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Fingerprints;

/// <summary>
/// Remembers recent recipes of every kind within a byte budget and explains a miss by the nearest of them.
/// </summary>
/// <remarks>
/// Safe for use by many threads. <see cref="Record"/> belongs on the path of misses and fills, never of hits: for a
/// recipe that is known it takes one short lock and moves a link. An explanation copies references under the lock
/// and compares outside of it. When the budget is spent, the oldest recipe of the kind with most bytes goes.
/// </remarks>
public sealed partial class RecipeLog
{
    // What a remembered recipe costs besides its bytes: node, links, dictionary slot, array header.
    private const int OverheadBytes = 256;

    private readonly Lock _gate = new();
    private readonly RecipeLogOptions _options;
    private readonly TimeProvider _time;

    // Guarded by _gate, as is everything in the kinds.
    private readonly Dictionary<ArtifactKind, KindLog> _kinds = [];
    private long _bytes;
    private long _entries;

    /// <summary>Creates an empty log.</summary>
    /// <param name="options">How much to remember; null for the defaults.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public RecipeLog(RecipeLogOptions? options = null, TimeProvider? timeProvider = null)
    {
        _options = options ?? new RecipeLogOptions();
        _options.Validate();
        _time = timeProvider ?? TimeProvider.System;
    }

    /// <summary>Bytes taken now, bookkeeping included.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Recipes remembered now.</summary>
    public long Entries
    {
        get
        {
            lock (_gate)
            {
                return _entries;
            }
        }
    }

    /// <summary>Remembers a recipe as the latest of its kind.</summary>
    public void Record(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var now = _time.GetUtcNow();
        lock (_gate)
        {
            if (!TryTouch(recipe.Key, now))
            {
                Append(recipe.Key, recipe.Encoded, now);
            }
        }
    }

    /// <summary>
    /// Remembers a recipe that came with an artifact. False, and nothing is kept, when it is not the canonical recipe
    /// of exactly this key: what somebody else claims must not mislead an explanation.
    /// </summary>
    public bool TryRecord(ArtifactKey key, ReadOnlyMemory<byte> recipe)
    {
        var now = _time.GetUtcNow();
        lock (_gate)
        {
            if (TryTouch(key, now))
            {
                return true;
            }
        }

        if (recipe.Length is 0 or > Recipe.MaxEncodedBytes
            || !Recipe.TryDecode(recipe, out var decoded)
            || decoded.Key != key)
        {
            return false;
        }

        lock (_gate)
        {
            if (!TryTouch(key, now))
            {
                Append(key, decoded.Encoded, now);
            }
        }

        return true;
    }

    /// <summary>Finds the remembered recipe of a key; null when it is not remembered.</summary>
    public Recipe? Find(ArtifactKey key)
    {
        ReadOnlyMemory<byte> encoded;
        lock (_gate)
        {
            if (!_kinds.TryGetValue(key.Kind, out var kind) || !kind.ByFingerprint.TryGetValue(key.Fingerprint, out var node))
            {
                return null;
            }

            encoded = node.Value.Encoded;
        }

        return Recipe.Decode(encoded);
    }

    /// <summary>
    /// Explains why <paramref name="recipe"/> finds nothing: names the earlier recipe of the kind that has most parts
    /// in common, the latest of several, and every part that differs. Record the recipe afterwards, not before.
    /// </summary>
    public MissExplanation Explain(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        Entry[] earlier;
        lock (_gate)
        {
            if (!_kinds.TryGetValue(recipe.Kind, out var kind))
            {
                return new MissExplanation { Key = recipe.Key, Reason = MissReason.NothingToCompare };
            }

            if (kind.ByFingerprint.TryGetValue(recipe.Fingerprint, out var same))
            {
                return new MissExplanation
                {
                    Key = recipe.Key,
                    Reason = MissReason.SeenBefore,
                    Nearest = recipe.Fingerprint,
                    NearestSeenAt = same.Value.SeenAt,
                    EqualComponents = recipe.Components.Length + 1,
                    Compared = kind.Order.Count,
                };
            }

            earlier = [.. kind.Order];
        }

        // From the latest backwards, so that recency breaks ties.
        var best = -1;
        var bestEqual = -1;
        for (var i = earlier.Length - 1; i >= 0; i--)
        {
            var equal = CountEqual(recipe.Encoded.Span, earlier[i].Encoded.Span);
            if (equal > bestEqual)
            {
                (best, bestEqual) = (i, equal);
            }
        }

        var nearest = Recipe.Decode(earlier[best].Encoded);
        return new MissExplanation
        {
            Key = recipe.Key,
            Reason = MissReason.Differs,
            Nearest = nearest.Fingerprint,
            NearestSeenAt = earlier[best].SeenAt,
            EqualComponents = bestEqual,
            Differences = Compare(nearest, recipe),
            Compared = earlier.Length,
        };
    }

    /// <summary>Throws when the bookkeeping is not sound. For tests.</summary>
    internal void CheckIntegrity()
    {
        lock (_gate)
        {
            var (bytes, entries) = (0L, 0L);
            foreach (var kind in _kinds.Values)
            {
                var kindBytes = kind.Order.Sum(e => Weigh(e.Encoded));
                if (kindBytes != kind.Bytes || kind.Order.Count != kind.ByFingerprint.Count || kind.Order.Count == 0)
                {
                    throw new InvalidOperationException("A kind's figures do not add up.");
                }

                bytes += kindBytes;
                entries += kind.Order.Count;
            }

            if (bytes != _bytes || entries != _entries || bytes > _options.CapacityBytes)
            {
                throw new InvalidOperationException("The log's figures do not add up, or it is over its capacity.");
            }
        }
    }

    private static long Weigh(ReadOnlyMemory<byte> encoded) => encoded.Length + OverheadBytes;

    /// <summary>Counts equal components, the format version among them, by one merge over two sorted encodings.</summary>
    private static int CountEqual(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var leftReader = new RecipeReader(left);
        var rightReader = new RecipeReader(right);
        leftReader.TryReadHeader(out _, out var leftVersion, out _);
        rightReader.TryReadHeader(out _, out var rightVersion, out _);
        var equal = leftVersion == rightVersion ? 1 : 0;
        var hasLeft = leftReader.TryReadComponent(out var leftName, out var leftType, out var leftValue);
        var hasRight = rightReader.TryReadComponent(out var rightName, out var rightType, out var rightValue);
        while (hasLeft && hasRight)
        {
            var order = leftName.SequenceCompareTo(rightName);
            if (order == 0 && leftType == rightType && left[leftValue].SequenceEqual(right[rightValue]))
            {
                equal++;
            }

            if (order <= 0)
            {
                hasLeft = leftReader.TryReadComponent(out leftName, out leftType, out leftValue);
            }

            if (order >= 0)
            {
                hasRight = rightReader.TryReadComponent(out rightName, out rightType, out rightValue);
            }
        }

        return equal;
    }

    private static ImmutableArray<RecipeDifference> Compare(Recipe before, Recipe after)
    {
        var differences = ImmutableArray.CreateBuilder<RecipeDifference>();
        if (before.FormatVersion != after.FormatVersion)
        {
            differences.Add(new RecipeDifference(
                "format version",
                RecipeChange.FormatVersion,
                before.FormatVersion.ToString(CultureInfo.InvariantCulture),
                after.FormatVersion.ToString(CultureInfo.InvariantCulture)));
        }

        var earlier = before.Components.ToDictionary(c => c.Name, c => c.Value, StringComparer.Ordinal);
        foreach (var (name, value) in after.Components)
        {
            if (!earlier.Remove(name, out var old))
            {
                differences.Add(new RecipeDifference(name, RecipeChange.Added, null, value.ToString()));
            }
            else if (old != value)
            {
                var (oldText, newText) = RecipeText.DescribePair(old, value);
                differences.Add(new RecipeDifference(name, RecipeChange.Changed, oldText, newText));
            }
        }

        differences.AddRange(earlier.Select(
            pair => new RecipeDifference(pair.Key, RecipeChange.Removed, pair.Value.ToString(), null)));
        differences.Sort(static (left, right) =>
            left.Change == RecipeChange.FormatVersion ? -1
            : right.Change == RecipeChange.FormatVersion ? 1
            : string.CompareOrdinal(left.Name, right.Name));
        return differences.ToImmutable();
    }

    private bool TryTouch(ArtifactKey key, DateTimeOffset now)
    {
        if (!_kinds.TryGetValue(key.Kind, out var kind) || !kind.ByFingerprint.TryGetValue(key.Fingerprint, out var node))
        {
            return false;
        }

        kind.Order.Remove(node);
        node.Value = node.Value with { SeenAt = now };
        kind.Order.AddLast(node);
        return true;
    }

    private void Append(ArtifactKey key, ReadOnlyMemory<byte> encoded, DateTimeOffset seenAt)
    {
        var weight = Weigh(encoded);
        if (weight > _options.CapacityBytes)
        {
            return;
        }

        if (_kinds.TryGetValue(key.Kind, out var full) && full.Order.Count == _options.MaxRecipesPerKind)
        {
            RemoveOldest(key.Kind, full);
        }

        while (_bytes + weight > _options.CapacityBytes)
        {
            // The number of kinds is small; the greatest pays, so that a busy kind cannot push out the quiet ones.
            var (kind, log) = _kinds.MaxBy(pair => pair.Value.Bytes);
            RemoveOldest(kind, log);
        }

        if (!_kinds.TryGetValue(key.Kind, out var target))
        {
            _kinds.Add(key.Kind, target = new KindLog());
        }

        target.ByFingerprint.Add(key.Fingerprint, target.Order.AddLast(new Entry(key.Fingerprint, encoded, seenAt)));
        target.Bytes += weight;
        _bytes += weight;
        _entries++;
    }

    private void RemoveOldest(ArtifactKind kind, KindLog log)
    {
        var oldest = log.Order.First!; // A kind without recipes is not kept.
        log.Order.Remove(oldest);
        log.ByFingerprint.Remove(oldest.Value.Fingerprint);
        var weight = Weigh(oldest.Value.Encoded);
        log.Bytes -= weight;
        _bytes -= weight;
        _entries--;
        if (log.Order.Count == 0)
        {
            _kinds.Remove(kind);
        }
    }

    private readonly record struct Entry(Fingerprint Fingerprint, ReadOnlyMemory<byte> Encoded, DateTimeOffset SeenAt);

    private sealed class KindLog
    {
        // From the oldest to the latest.
        public LinkedList<Entry> Order { get; } = new();

        public Dictionary<Fingerprint, LinkedListNode<Entry>> ByFingerprint { get; } = [];

        public long Bytes { get; set; }
    }
}
