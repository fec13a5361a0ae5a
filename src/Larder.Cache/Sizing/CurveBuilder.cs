using System.Collections.Immutable;

namespace Larder.Cache.Sizing;

/// <summary>Adds histograms up and makes a curve of them. Plain and for one thread.</summary>
internal sealed class CurveBuilder
{
    private readonly List<double> _references = [];
    private readonly List<double> _bytes = [];
    private double _all;
    private double _allBytes;

    // References and bytes that every capacity answers, or, below zero, that were counted too often.
    private double _always;
    private double _alwaysBytes;

    /// <summary>Adds a histogram and, on top of it, references that every capacity answers.</summary>
    public void Add(DistanceHistogram histogram, double always)
    {
        AddScaled(histogram, 1);
        var size = histogram.Reused > 0 ? histogram.ReusedBytes / histogram.Reused : 0;
        _always += always;
        _alwaysBytes += always * size;
        _all += always;
        _allBytes += always * size;
    }

    /// <summary>Adds a histogram with every count multiplied.</summary>
    public void AddScaled(DistanceHistogram histogram, double factor)
    {
        while (_references.Count < histogram.Length)
        {
            _references.Add(0);
            _bytes.Add(0);
        }

        for (var bucket = 0; bucket < histogram.Length; bucket++)
        {
            _references[bucket] += histogram.References(bucket) * factor;
            _bytes[bucket] += histogram.Bytes(bucket) * factor;
        }

        _all += (histogram.Reused + histogram.Cold) * factor;
        _allBytes += (histogram.ReusedBytes + histogram.ColdBytes) * factor;
    }

    /// <summary>Makes the curve.</summary>
    public MissRatioCurve Finish(double entries, double bytes, int samples, double rate, long sampled)
    {
        var points = ImmutableArray.CreateBuilder<CurvePoint>();
        var (hits, hitBytes) = (_always, _alwaysBytes);
        for (var bucket = 0; bucket < _references.Count; bucket++)
        {
            hits += _references[bucket];
            hitBytes += _bytes[bucket];
            if (points.Count > 0 || _references[bucket] > 0)
            {
                if (points.Count == 0)
                {
                    points.Add(new CurvePoint(bucket == 0 ? 0 : DistanceHistogram.UpperEnd(bucket - 1), Part(_always, _all), Part(_alwaysBytes, _allBytes)));
                }

                points.Add(new CurvePoint(DistanceHistogram.UpperEnd(bucket), Part(hits, _all), Part(hitBytes, _allBytes)));
            }
        }

        return new MissRatioCurve
        {
            Points = points.ToImmutable(),
            References = Math.Max(0, _all),
            ReferencedBytes = Math.Max(0, _allBytes),
            WorkingSetEntries = entries,
            WorkingSetBytes = bytes,
            Samples = samples,
            SamplingRate = rate,
            SampledReferences = sampled,
        };
    }

    private static double Part(double hits, double all) => all <= 0 ? 0 : Math.Clamp(hits / all, 0, 1);
}
