using Larder.Indexer.Caching;
using Larder.Indexer.State;

namespace Larder.Tests.Indexer.Caching;

/// <summary>Reading through a cache of any size equals reading without one, over commits and rollbacks.</summary>
public sealed class CachedStateReaderTests
{
    [Fact]
    public void The_length_and_then_the_value_are_one_lookup()
    {
        using var cache = new ReadCache(new ReadCacheOptions { SizeBytes = 1 << 20 });
        using var reader = new CachedStateReader(cache, CachePartition.Main, 0, new DictionaryReader(new() { ["a"] = [1] }));

        for (var call = 0; call < 2; call++)
        {
            Assert.Equal([1], reader.Get("a"u8).ToArray());
        }

        for (var call = 0; call < 2; call++)
        {
            Assert.True(reader.Get("b"u8).IsEmpty);
        }

        var main = cache.GetStatistics().Of(CachePartition.Main);
        Assert.Equal(2, main.Lookups);
        Assert.Equal(2, main.Items);
        Assert.Equal(1, main.NegativeItems);
    }

    [Fact]
    public void What_was_read_stays_while_the_cache_changes()
    {
        using var cache = new ReadCache(new ReadCacheOptions { SizeBytes = 1 << 20 });
        using var reader = new CachedStateReader(cache, CachePartition.Main, 0, new DictionaryReader(new() { ["a"] = [1, 2] }));

        var value = reader.Get("a"u8);
        cache.Set(CachePartition.Main, 0, "a"u8, [8, 9]);
        cache.Clear(CachePartition.Main);

        Assert.Equal([1, 2], value.ToArray());
    }

    [Fact]
    public void Without_a_cache_it_remembers_all_the_same()
    {
        var inner = new DictionaryReader(new() { ["a"] = [1] });
        using var reader = new CachedStateReader(null, CachePartition.Main, 0, inner);

        reader.Get("a"u8);
        reader.Get("a"u8);

        Assert.Equal(1, inner.Reads);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(16 * 1024, 2)]
    [InlineData(20 * 1024, 3)]
    [InlineData(4 << 20, 4)]
    public void Any_size_reads_what_the_state_holds(long size, int seed)
    {
        var random = new Random(seed);
        using var cache = ReadCache.Open(new ReadCacheOptions { SizeBytes = size, Mode = seed == 3 ? AllocationMode.View : AllocationMode.Indexer });
        var chain = new Stack<(ulong Sequence, Dictionary<string, byte[]> State)>();
        chain.Push((0, []));
        ulong sequence = 0;
        for (var block = 0; block < 150; block++)
        {
            var tip = chain.Peek();
            Compare(cache, CachePartition.Main, 0, tip.State, random);
            var (height, state) = chain.ElementAt(random.Next(chain.Count));
            Compare(cache, CachePartition.Heights, height, state, random);
            if (random.Next(6) == 0)
            {
                for (var drop = random.Next(chain.Count); drop > 0; drop--)
                {
                    chain.Pop();
                }

                cache?.Clear(CachePartition.Main);
                continue;
            }

            var writes = Enumerable.Range(0, random.Next(100)).Select(_ => new StateWrite(Key(random.Next(500)), Value(random))).ToArray();
            var next = new Dictionary<string, byte[]>(tip.State);
            foreach (var write in writes)
            {
                next[Text(write.Key.Span)] = write.Value.ToArray();
            }

            // A block that fails changes nothing, whatever it has read.
            if (random.Next(5) != 0)
            {
                chain.Push((++sequence, next));
                cache?.SetCommitted(writes);
            }
        }

        cache?.CheckIntegrity();
    }

    private static void Compare(ReadCache? cache, CachePartition partition, ulong scope, Dictionary<string, byte[]> state, Random random)
    {
        using var reader = new CachedStateReader(cache, partition, scope, new DictionaryReader(state));
        for (var read = 0; read < 200; read++)
        {
            var key = Key(random.Next(600));
            var expected = state.GetValueOrDefault(Text(key)) ?? [];
            for (var again = random.Next(3); again >= 0; again--)
            {
                Assert.Equal(expected, reader.Get(key).ToArray());
            }
        }
    }

    private static byte[] Key(int number) => [.. new byte[number % 3], .. BitConverter.GetBytes(number)];

    private static byte[] Value(Random random) => random.Next(4) == 0 ? [] : [.. Enumerable.Repeat((byte)random.Next(256), random.Next(random.Next(30) == 0 ? 20000 : 40))];

    private static string Text(ReadOnlySpan<byte> key) => Convert.ToHexString(key);

    private sealed class DictionaryReader(Dictionary<string, byte[]> state) : StateReader
    {
        public int Reads { get; private set; }

        public override ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key)
        {
            Reads++;
            return state.GetValueOrDefault(Text(key)) ?? state.GetValueOrDefault(System.Text.Encoding.UTF8.GetString(key)) ?? [];
        }
    }
}
