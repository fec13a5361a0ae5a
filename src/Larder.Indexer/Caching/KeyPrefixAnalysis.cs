using System.Collections.Immutable;
using System.Globalization;

namespace Larder.Indexer.Caching;

/// <summary>Counts lookups by the prefix of their keys, in bounded memory. For many threads; one lock, since it is for debugging.</summary>
internal sealed class KeyPrefixAnalysis
{
    private const int TopPrefixes = 20;

    // A prefix is not reported where a longer one has so much of its traffic.
    private const double ChildShare = 0.8;

    private readonly KeyPrefixOptions _options;
    private readonly Lock _gate = new();

    // Guarded by _gate, as are the counters.
    private readonly Dictionary<string, Traffic> _prefixes = new(StringComparer.Ordinal);
    private long _lookups;
    private long _other;
    private long _dropped;

    internal KeyPrefixAnalysis(KeyPrefixOptions options)
    {
        options.Validate();
        _options = options;
    }

    /// <summary>The longest run of digits, letters and slashes at the start of a key that ends with a slash and is of a length that counts.</summary>
    internal static ReadOnlySpan<byte> PrefixOf(ReadOnlySpan<byte> key, int minLength, int maxLength)
    {
        var end = 0;
        for (var index = 0; index < Math.Min(key.Length, maxLength); index++)
        {
            if (key[index] == (byte)'/')
            {
                end = index + 1;
            }
            else if (!char.IsAsciiLetterOrDigit((char)key[index]))
            {
                break;
            }
        }

        return end < minLength ? default : key[..end];
    }

    internal void Record(ReadOnlySpan<byte> key, bool isHit)
    {
        var prefix = PrefixOf(key, _options.MinLength, _options.MaxLength);
        Span<char> buffer = stackalloc char[KeyPrefixOptions.LongestPrefix];
        var text = buffer[..prefix.Length];
        System.Text.Encoding.Latin1.GetChars(prefix, text);
        lock (_gate)
        {
            _lookups++;
            if (text.IsEmpty)
            {
                _other++;
                return;
            }

            var traffic = Find(text);
            traffic.Hits += isHit ? 1 : 0;
            traffic.Misses += isHit ? 0 : 1;
            traffic.Keys.Add(KeyHash.Of(0, key));
        }
    }

    internal KeyPrefixReport GetReport()
    {
        lock (_gate)
        {
            var prefixes = Reported().OrderByDescending(prefix => prefix.Lookups).ThenBy(prefix => prefix.Prefix, StringComparer.Ordinal)
                .Take(TopPrefixes).ToImmutableArray();
            return new KeyPrefixReport
            {
                Lookups = _lookups,
                OtherLookups = _other,
                DroppedPrefixes = _dropped,
                Prefixes = prefixes,
                Hints = [.. prefixes.Select(HintFor).OfType<string>()],
            };
        }
    }

    private Traffic Find(ReadOnlySpan<char> prefix)
    {
        var lookup = _prefixes.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!lookup.TryGetValue(prefix, out var traffic))
        {
            if (_prefixes.Count >= _options.MaxPrefixes)
            {
                DropHalf();
            }

            traffic = new Traffic();
            lookup[prefix] = traffic;
        }

        return traffic;
    }

    private void DropHalf()
    {
        var fewest = _prefixes.OrderBy(pair => pair.Value.Lookups).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Take((_prefixes.Count + 1) / 2).ToArray();
        foreach (var (prefix, traffic) in fewest)
        {
            _prefixes.Remove(prefix);
            _other += traffic.Lookups;
            _dropped++;
        }
    }

    // Longer ones first, so that what stands for a prefix is known when its turn comes.
    private List<KeyPrefixFigures> Reported()
    {
        var reported = new Dictionary<string, KeyPrefixFigures>(StringComparer.Ordinal);
        var standIns = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (prefix, traffic) in _prefixes.OrderByDescending(pair => pair.Key.Length))
        {
            if (traffic.Keys.Count < _options.MinKeys || standIns.GetValueOrDefault(prefix) >= ChildShare * traffic.Lookups)
            {
                continue;
            }

            reported[prefix] = new KeyPrefixFigures(prefix, traffic.Hits, traffic.Misses, traffic.Keys.Count);
            for (var end = prefix.Length - 1; end > 0 && (end = prefix.LastIndexOf('/', end - 1)) >= 0;)
            {
                var parent = prefix[..(end + 1)];
                standIns[parent] = Math.Max(standIns.GetValueOrDefault(parent), traffic.Lookups);
            }
        }

        return [.. reported.Values];
    }

    private string? HintFor(KeyPrefixFigures prefix)
    {
        var share = (double)prefix.Lookups / _lookups;
        if (prefix.Lookups < 10 || share < 0.05)
        {
            return null;
        }

        var start = string.Create(CultureInfo.InvariantCulture, $"{prefix.Prefix} has {100 * share:F0} % of the lookups");
        return prefix switch
        {
            _ when prefix.HitRatio >= 0.9 => $"{start} and nearly all are hits.",
            _ when prefix.Keys >= 0.8 * prefix.Lookups => $"{start}, but reads nearly every key once: no cache helps it.",
            _ when prefix.HitRatio < 0.5 => $"{start}; its keys are read again after they were evicted or replaced: a larger cache may help.",
            _ => null,
        };
    }

    private sealed class Traffic
    {
        internal long Hits;
        internal long Misses;

        internal KeySketch Keys { get; } = new();

        internal long Lookups => Hits + Misses;
    }
}
