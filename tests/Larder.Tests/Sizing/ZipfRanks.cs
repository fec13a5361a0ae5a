namespace Larder.Tests.Sizing;

/// <summary>Draws ranks from 0, the lowest most often.</summary>
internal sealed class ZipfRanks
{
    private readonly double[] _sums;

    public ZipfRanks(int count, double exponent)
    {
        _sums = new double[count];
        var sum = 0.0;
        for (var rank = 0; rank < count; rank++)
        {
            _sums[rank] = sum += Math.Pow(rank + 1, -exponent);
        }
    }

    public int Draw(Random random)
    {
        var found = Array.BinarySearch(_sums, random.NextDouble() * _sums[^1]);
        return Math.Min(found < 0 ? ~found : found, _sums.Length - 1);
    }
}
