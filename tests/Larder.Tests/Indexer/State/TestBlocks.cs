using System.Text;
using Larder.Cache.Fingerprints;
using Larder.Indexer;
using Larder.Indexer.State;

namespace Larder.Tests.Indexer.State;

/// <summary>Blocks with writes drawn from a seed.</summary>
internal sealed class TestBlocks(int seed, int keys = 200)
{
    private readonly Random _random = new(seed);

    public static IReadOnlyList<KeyPrefix> Prefixes { get; } = [new KeyPrefix("odd", "k/1"u8.ToArray()), new KeyPrefix("high", new byte[] { 0xFF })];

    public static IndexStoreOptions Options { get; } = new() { Recipe = Fingerprint.OfContent("recipe"u8), Prefixes = Prefixes, SweptKeysPerCommit = 40 };

    public Random Random => _random;

    /// <summary>Keys that end in others, begin with others, hold zeros and the highest byte, and the empty one.</summary>
    public IReadOnlyList<string> Keys { get; } = [.. Enumerable.Range(0, keys).Select(KeyOf).Distinct()];

    public static BlockHash HashOf(int number) => new(Fingerprint.OfContent(BitConverter.GetBytes(number)).ToArray());

    public BlockCommit Next(BlockCommit? previous, int writes, uint firstHeight = 0) => new()
    {
        Height = previous is null ? firstHeight : previous.Height + 1,
        Hash = HashOf(_random.Next()),
        PreviousHash = previous?.Hash ?? default,
        Writes = [.. Enumerable.Range(0, writes).Select(_ => Write())],
        Run = new BlockRun(Fingerprint.OfContent(BitConverter.GetBytes(_random.Next())), _random.NextInt64(), 17, default),
    };

    private static string KeyOf(int number) => (number % 7) switch
    {
        0 => $"k/{number}",
        1 => $"k/{number}/length",
        2 => Encoding.Latin1.GetString([0, (byte)number, 0, 0]),
        3 => Encoding.Latin1.GetString([0xFF, 0xFF, (byte)number]),
        4 => new string('\0', number % 5),
        5 => new string('\xFF', 1 + (number % 5)),
        _ => Encoding.Latin1.GetString(BitConverter.GetBytes(number)),
    };

    // A third deletes; some write what may be there already.
    private StateWrite Write()
    {
        var key = Encoding.Latin1.GetBytes(Keys[_random.Next(Keys.Count)]);
        var value = _random.Next(3) == 0 ? [] : Encoding.UTF8.GetBytes($"{_random.Next(_random.Next(4) == 0 ? 2 : 1000)}");
        return new StateWrite(key, value);
    }
}
