using System.Security.Cryptography;
using Larder.Cache.Fingerprints;
using Larder.Indexer.Guests;
using Larder.Tests.Wasm.Hostile;
using Larder.Wasm;

namespace Larder.Tests.Indexer.Guests;

/// <summary>The digest that passes over what nobody touched is the one of all bytes.</summary>
public sealed class MemoryDigestTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(3000)]
    public void Untouched_pages_count_as_zeros(int pages)
    {
        using var store = new Store();
        var memory = new WasmMemory(store, new MemoryType(new Limits((ulong)pages, null)));
        Assert.Equal(Plain(memory), MemoryDigest.Of(memory));
        memory.Grow(2);
        foreach (var address in new ulong[] { 0, 5, 65_535, 65_536, (ulong)pages * 65_536, memory.ByteLength - 1 })
        {
            memory.Span(address, 1)[0] = 7;

            var digest = MemoryDigest.Of(memory);
            Assert.Equal(Plain(memory), digest);
        }

        // Written and zero again, and read only.
        memory.Span(65_536, 1)[0] = 0;
        Assert.Equal(0, memory.Span(memory.ByteLength - 70_000, 1)[0]);
        Assert.Equal(Plain(memory), MemoryDigest.Of(memory));
    }

    [Fact]
    public void Pages_of_an_image_are_no_untouched_ones()
    {
        using var store = new Store();
        var compiled = CompiledModule.Compile(HostileModules.Recursion(0));
        var origin = store.Instantiate(compiled).Memory("memory")!; // The module exports it.
        origin.Grow(127);
        for (var page = 0UL; page < 128; page += 3)
        {
            origin.Span((page * 65_536) + page, 1)[0] = (byte)(page + 1);
        }

        var instance = store.Instantiate(compiled);
        instance.Memory("memory")!.Grow(127); // As above.
        origin.Span(0, 8 << 20).CopyTo(instance.Memory("memory")!.Span(0, 8 << 20)); // As above.
        using var snapshot = instance.Snapshot();
        var memory = store.Instantiate(snapshot).Memory("memory")!; // As above.
        Assert.Equal(Plain(origin), MemoryDigest.Of(memory));
        memory.Grow(10);
        memory.Span(memory.ByteLength - 5, 1)[0] = 1;
        Assert.Equal(Plain(memory), MemoryDigest.Of(memory));
    }

    private static Fingerprint Plain(WasmMemory memory)
    {
        var parts = new List<byte>(BitConverter.GetBytes(memory.Pages));
        for (var page = 0UL; page < memory.Pages; page++)
        {
            parts.AddRange(SHA256.HashData(memory.Span(page * 65_536, 65_536)));
        }

        return Fingerprint.OfContent(parts.ToArray());
    }
}
