namespace Larder.EndToEnd.Harness;

/// <summary>Contents that differ from seed to seed and do not compress.</summary>
internal static class TestFile
{
    public static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
