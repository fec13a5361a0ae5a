using System.Runtime.InteropServices;
using Larder.Indexer.Caching;

namespace Larder.Tests.Indexer.Caching;

/// <summary>One table against a dictionary, in very little memory, its structure checked all along.</summary>
public sealed class CacheTableTests
{
    [Theory]
    [InlineData(1, 1024, 40)]
    [InlineData(2, 1280, 200)]
    [InlineData(3, 4096, 60)]
    [InlineData(4, 16384, 500)]
    [InlineData(5, 65536, 100000)]
    public unsafe void What_is_found_is_what_was_put_last(int seed, int bytes, int keys)
    {
        var random = new Random(seed);
        var model = new Dictionary<int, byte[]>();
        var value = new ValueBuffer();
        var memory = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 128);
        try
        {
            var table = new CacheTable(memory, bytes);
            long hits = 0;
            for (var step = 0; step < 20000; step++)
            {
                var number = random.Next(4) == 0 ? random.Next(keys / 10) : random.Next(keys);
                var key = Key(number);
                var hash = KeyHash.Of(7, key);
                switch (random.Next(100))
                {
                    case < 45:
                        if (table.TryGet(hash, 7, key, value))
                        {
                            hits++;
                            Assert.True(model.TryGetValue(number, out var expected), $"key {number} should be gone, seed {seed}");
                            Assert.Equal(expected, value.Span);
                        }

                        break;
                    case < 92:
                        var bytesToPut = new byte[random.Next(3) == 0 ? 0 : random.Next(random.Next(20) == 0 ? bytes : 60)];
                        random.NextBytes(bytesToPut);
                        model.Remove(number);
                        if (table.Set(hash, 7, key, bytesToPut))
                        {
                            model[number] = bytesToPut;
                        }

                        break;
                    case < 98:
                        table.Remove(hash, 7, key);
                        model.Remove(number);
                        break;
                    case 98:
                        table.EvictTo(random.Next((int)table.LogBytes), random.Next(100));
                        break;
                    default:
                        if (random.Next(20) == 0)
                        {
                            table.Clear();
                            model.Clear();
                        }

                        break;
                }

                if (step % 37 == 0)
                {
                    table.CheckIntegrity();
                }
            }

            table.CheckIntegrity();
            Assert.True(hits > 10, $"{hits} hits");
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    [Fact]
    public unsafe void What_fits_is_all_found_again()
    {
        const int Bytes = 1 << 20;
        var memory = (byte*)NativeMemory.AlignedAlloc(Bytes, 128);
        var table = new CacheTable(memory, Bytes);
        var value = new ValueBuffer();
        var keys = (int)(table.LogBytes / (8 * CacheEntry.UnitsFor(LongKey(0).Length, 32)));
        for (var number = 0; number < keys; number++)
        {
            Put(table, LongKey(number), new byte[32]);
        }

        var found = Enumerable.Range(0, keys).Count(number => table.TryGet(KeyHash.Of(0, LongKey(number)), 0, LongKey(number), value));

        // A bucket that overflows costs an entry before its time.
        Assert.InRange(found, keys * 0.99, keys);
        NativeMemory.AlignedFree(memory);
    }

    [Fact]
    public unsafe void A_scan_leaves_what_is_read_again()
    {
        const int Bytes = 1 << 18;
        var memory = (byte*)NativeMemory.AlignedAlloc(Bytes, 128);
        var table = new CacheTable(memory, Bytes);
        var value = new ValueBuffer();
        var hot = Enumerable.Range(0, 500).Select(LongKey).ToArray();
        foreach (var key in hot)
        {
            Put(table, key, new byte[32]);
        }

        var misses = 0;
        for (var number = 1000; number < 100_000; number++)
        {
            Put(table, LongKey(number), []);
            var key = hot[number % hot.Length];
            if (!table.TryGet(KeyHash.Of(0, key), 0, key, value))
            {
                misses++;
                Put(table, key, new byte[32]);
            }
        }

        Assert.True(misses < 50, $"{misses} misses of hot keys");
        Assert.True(table.Counters.SecondChances > 0);
        table.CheckIntegrity();
        NativeMemory.AlignedFree(memory);
    }

    [Fact]
    public unsafe void Every_length_around_the_limit_is_stored_or_refused()
    {
        var memory = (byte*)NativeMemory.AlignedAlloc(2048, 128);
        var table = new CacheTable(memory, 2048);
        var value = new ValueBuffer();
        for (var length = 0; length < 2100; length++)
        {
            var bytes = new byte[length];
            bytes.AsSpan().Fill((byte)length);
            var fits = 16 + 4 + length <= table.MaxEntryBytes;
            Put(table, Key(1), [9]);

            Assert.Equal(fits, Put(table, Key(1), bytes));
            Assert.Equal(fits, table.TryGet(KeyHash.Of(0, Key(1)), 0, Key(1), value));
            Assert.True(!fits || value.Span.SequenceEqual(bytes));
            table.CheckIntegrity();
        }

        Assert.True(table.Counters.Refused > 0);
        NativeMemory.AlignedFree(memory);
    }

    [Fact]
    public unsafe void An_empty_key_and_other_scopes_are_keys_like_any_other()
    {
        var memory = (byte*)NativeMemory.AlignedAlloc(4096, 128);
        var table = new CacheTable(memory, 4096);
        var value = new ValueBuffer();
        table.Set(KeyHash.Of(1, []), 1, [], [1]);
        table.Set(KeyHash.Of(2, []), 2, [], [2]);

        Assert.True(table.TryGet(KeyHash.Of(1, []), 1, [], value));
        Assert.Equal([1], value.Span.ToArray());
        Assert.True(table.TryGet(KeyHash.Of(2, []), 2, [], value));
        Assert.Equal([2], value.Span.ToArray());
        Assert.False(table.TryGet(KeyHash.Of(3, []), 3, [], value));
        NativeMemory.AlignedFree(memory);
    }

    private static unsafe bool Put(CacheTable table, byte[] key, byte[] value) => table.Set(KeyHash.Of(0, key), 0, key, value);

    private static byte[] Key(int number) => BitConverter.GetBytes(number);

    private static byte[] LongKey(int number) => [.. "/a/key/of/some/length/as/they/are/in/"u8, .. BitConverter.GetBytes(number)];
}
