using System.Runtime.InteropServices;

namespace Larder.Wasm.Runtime;

/// <summary>Pages of the machine in which one image differs from another, in order. Immutable; the owner keeps the bytes alive.</summary>
internal sealed unsafe class PageDifferences
{
    private readonly int[] _numbers;
    private readonly NativeBlock _bytes;
    private readonly ulong _pageBytes;

    private PageDifferences(int[] numbers, NativeBlock bytes, ulong pageBytes)
    {
        _numbers = numbers;
        _bytes = bytes;
        _pageBytes = pageBytes;
    }

    /// <summary>How many pages there are.</summary>
    public int Count => _numbers.Length;

    /// <summary>The bytes, which are freed with this handle.</summary>
    public SafeHandle Content => _bytes;

    /// <summary>Copies the pages of a block in which it differs from another one.</summary>
    /// <param name="block">The block; begins a page.</param>
    /// <param name="basis">The other one, of the same length.</param>
    /// <param name="length">Bytes of both; whole pages.</param>
    /// <param name="candidates">The only pages that may differ, in order; null for all.</param>
    /// <param name="mostPages">Where to give up.</param>
    /// <returns>The pages; null when there are more.</returns>
    /// <exception cref="WasmException">The machine refuses the memory (<see cref="WasmErrorKind.Unavailable"/>).</exception>
    public static PageDifferences? TryFind(byte* block, byte* basis, ulong length, List<int>? candidates, int mostPages)
    {
        var page = (ulong)Environment.SystemPageSize;
        var numbers = new List<int>();
        var count = candidates?.Count ?? (int)(length / page);
        for (var index = 0; index < count; index++)
        {
            var number = candidates is null ? index : candidates[index];
            var offset = (ulong)number * page;
            if (new ReadOnlySpan<byte>(block + offset, (int)page).SequenceEqual(new ReadOnlySpan<byte>(basis + offset, (int)page)))
            {
                continue;
            }

            if (numbers.Count == mostPages)
            {
                return null;
            }

            numbers.Add(number);
        }

        var bytes = NativeBlock.CreateUninitialized((nuint)numbers.Count * (nuint)page);
        for (var index = 0; index < numbers.Count; index++)
        {
            NativeMemory.Copy(block + ((ulong)numbers[index] * page), bytes.Address + ((ulong)index * page), (nuint)page);
        }

        return new PageDifferences([.. numbers], bytes, page);
    }

    /// <summary>The number of a page.</summary>
    public int Number(int index) => _numbers[index];

    /// <summary>Its bytes.</summary>
    public byte* Page(int index) => _bytes.Address + ((ulong)index * _pageBytes);

    /// <summary>Writes what the other image has in place of these pages.</summary>
    public void Revert(byte* block, byte* basis)
    {
        foreach (var number in _numbers)
        {
            var offset = (ulong)number * _pageBytes;
            NativeMemory.Copy(basis + offset, block + offset, (nuint)_pageBytes);
        }
    }

    /// <summary>Writes all pages into a block that holds the other image.</summary>
    public void CopyTo(byte* block)
    {
        for (var index = 0; index < _numbers.Length; index++)
        {
            NativeMemory.Copy(Page(index), block + ((ulong)_numbers[index] * _pageBytes), (nuint)_pageBytes);
        }
    }
}
