using Larder.Wasm;
using Larder.Wasm.Runtime;

namespace Larder.Tests.Wasm.Runtime;

public sealed unsafe class TableMemoryTests
{
    [Theory]
    [InlineData(0ul, 0ul)]
    [InlineData(10ul, 10ul)]
    [InlineData(3ul, 8_000ul)]
    [InlineData(3ul, 10_000_000ul)]
    [InlineData(100_000ul, 4_294_967_295ul)]
    public void A_new_table_is_zero_and_says_its_sizes(ulong minimum, ulong maximum)
    {
        using var table = TableMemory.Create(minimum, maximum);

        Assert.Equal(minimum, table.Length);
        Assert.Equal(minimum, *(ulong*)((byte*)table.Elements - 8));
        Assert.Equal(maximum, *(ulong*)((byte*)table.Elements - 16));
        Assert.Equal(0, (nint)table.Elements % 8);
        Assert.False(new ReadOnlySpan<nint>(table.Elements, (int)minimum).ContainsAnyExcept(0));
    }

    [Theory]
    [InlineData(100ul)]
    [InlineData(100_000ul)]
    public void Growth_sets_the_new_elements_and_stops_at_the_maximum(ulong maximum)
    {
        using var table = TableMemory.Create(1, maximum);
        var elements = table.Elements;
        elements[0] = 5;

        for (var length = 1ul; length < maximum; length++)
        {
            Assert.Equal((long)length, table.Grow(1, (nint)length));
        }

        Assert.Equal(-1, table.Grow(1, 0));
        Assert.Equal(-1, table.Grow(ulong.MaxValue, 0));
        Assert.Equal((long)maximum, table.Grow(0, 9));
        Assert.Equal(maximum, table.Length);
        Assert.True(elements == table.Elements);
        Assert.Equal(5, elements[0]);
        for (var at = 1ul; at < maximum; at++)
        {
            Assert.Equal((nint)at, elements[at]);
        }
    }

    [Fact]
    public void Growth_with_null_gives_zeros()
    {
        using var table = TableMemory.Create(0, 1_000_000);

        Assert.Equal(0, table.Grow(900_000, 0));
        Assert.False(new ReadOnlySpan<nint>(table.Elements, 900_000).ContainsAnyExcept(0));
    }

    [Fact]
    public void What_no_machine_has_is_unavailable()
    {
        Assert.Equal(WasmErrorKind.Unavailable, Assert.Throws<WasmException>(() => TableMemory.Create(0, ulong.MaxValue)).Kind);
        Assert.Equal(WasmErrorKind.Unavailable, Assert.Throws<WasmException>(() => TableMemory.Create(0, 1ul << 44)).Kind);
    }

    [Fact]
    public void A_disposed_table_says_so()
    {
        var table = TableMemory.Create(1, 2);
        table.Dispose();
        table.Dispose();

        Assert.Throws<ObjectDisposedException>(() => table.Grow(1, 0));
        Assert.Throws<ObjectDisposedException>(() => table.Length);
    }

    [Fact]
    public void A_block_is_zero_and_can_be_disposed_twice()
    {
        var block = NativeBlock.Create(100_000);

        Assert.Equal(100_000u, block.Length);
        Assert.False(new ReadOnlySpan<byte>(block.Address, 100_000).ContainsAnyExcept((byte)0));
        block.Dispose();
        block.Dispose();
        Assert.True(block.IsClosed);
    }
}
