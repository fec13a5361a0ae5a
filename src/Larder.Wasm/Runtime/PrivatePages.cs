using System.Runtime.InteropServices;

namespace Larder.Wasm.Runtime;

/// <summary>
/// Finds the pages of a copy-on-write mapping that were written, and writes the image's bytes back over them. They stay
/// with the mapping, so the next writes to them cost no fault; a mapping that is reset often copies only what its guest
/// uses.
/// </summary>
/// <remarks>
/// The kernel tells pages of the file from pages of the mapping's own in <c>/proc/self/pagemap</c> (bit 61). A page that
/// was ever written counts as written until it is dropped. Source: Linux, admin-guide/mm/pagemap.
/// </remarks>
internal static unsafe class PrivatePages
{
    private const ulong InFile = 1UL << 61;
    private const ulong PresentOrSwapped = 3UL << 62;
    private const int EntryBytes = sizeof(ulong);
    private const int EntriesAtOnce = 512;

    // The descriptor, for the life of the process; -1 where the kernel does not say, or does not say what is true.
    private static readonly Lazy<int> Pagemap = new(Open, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>Whether this works in this process. The first call tests it.</summary>
    public static bool IsAvailable => Pagemap.Value >= 0;

    /// <summary>Writes the image over every page that is not the file's.</summary>
    /// <param name="start">First byte of the mapping; begins a page.</param>
    /// <param name="image">What the mapping shows where nothing was written.</param>
    /// <param name="length">Bytes of both; whole pages.</param>
    /// <param name="mostPages">Where to give up.</param>
    /// <param name="differences">Pages of the image that stand in place of the file's; null for none.</param>
    /// <returns>False when there are more pages, or the kernel does not say; some pages may be written back then.</returns>
    public static bool TryRevert(byte* start, byte* image, ulong length, ulong mostPages, PageDifferences? differences = null) =>
        IsAvailable && TryRevert(Pagemap.Value, start, image, length, mostPages, differences);

    /// <summary>Lists the pages that are not the file's, in order.</summary>
    /// <param name="start">First byte of the mapping; begins a page.</param>
    /// <param name="length">Its bytes; whole pages.</param>
    /// <param name="pages">Where their numbers go.</param>
    /// <returns>False when the kernel does not say.</returns>
    public static bool TryList(byte* start, ulong length, List<int> pages)
    {
        var entries = stackalloc ulong[EntriesAtOnce];
        var page = (ulong)Environment.SystemPageSize;
        for (var at = 0UL; at < length; at += EntriesAtOnce * page)
        {
            if (!IsAvailable || !TryRead(Pagemap.Value, start + at, length - at, entries, out var count))
            {
                return false;
            }

            for (var entry = 0UL; entry < count; entry++)
            {
                if (IsPrivate(entries[entry]))
                {
                    pages.Add((int)((at / page) + entry));
                }
            }
        }

        return true;
    }

    private static bool TryRevert(int pagemap, byte* start, byte* image, ulong length, ulong mostPages, PageDifferences? differences)
    {
        var page = (ulong)Environment.SystemPageSize;
        var entries = stackalloc ulong[EntriesAtOnce];
        var reverted = 0UL;
        var next = 0;
        var nextNumber = differences?.Count > 0 ? differences.Number(0) : -1;
        for (var at = 0UL; at < length; at += EntriesAtOnce * page)
        {
            if (!TryRead(pagemap, start + at, length - at, entries, out var count))
            {
                return false;
            }

            for (var entry = 0UL; entry < count; entry++)
            {
                var offset = at + (entry * page);
                var isDifferent = nextNumber == (int)(offset / page);
                if (!isDifferent && !IsPrivate(entries[entry]))
                {
                    continue;
                }

                if (++reverted > mostPages)
                {
                    return false;
                }

                var source = image + offset;
                if (isDifferent)
                {
                    source = differences!.Page(next++); // Only where there are differences is one the next.
                    nextNumber = next < differences.Count ? differences.Number(next) : -1;
                }

                NativeMemory.Copy(source, start + offset, (nuint)page);
            }
        }

        return true;
    }

    // What the kernel says of the pages from an address on, as many as are read at once.
    private static bool TryRead(int pagemap, byte* start, ulong length, ulong* entries, out ulong count)
    {
        var page = (ulong)Environment.SystemPageSize;
        count = Math.Min(EntriesAtOnce, length / page);
        return Native.ReadAt(pagemap, entries, (nuint)count * EntryBytes, (nint)((ulong)start / page * EntryBytes)) == (nint)count * EntryBytes;
    }

    private static bool IsPrivate(ulong entry) => (entry & InFile) == 0 && (entry & PresentOrSwapped) != 0;

    private static int Open()
    {
        if (!OperatingSystem.IsLinux())
        {
            return -1;
        }

        var pagemap = Native.Open("/proc/self/pagemap", Native.OpenForReading);
        if (pagemap >= 0 && !TellsTheTruth(pagemap))
        {
            _ = Native.Close(pagemap);
            return -1;
        }

        return pagemap;
    }

    // What one instance wrote must never reach the next, so a kernel's word is tried first: on a page that nobody
    // touched, one that was read, one that was written, and one that was read and then written.
    private static bool TellsTheTruth(int pagemap)
    {
        const int Pages = 4;
        var page = Environment.SystemPageSize;
        var length = (nuint)(Pages * page);
        using var bytes = NativeBlock.Create(length);
        bytes.Address[0] = 1;
        using var file = SealedFile.TryCreate(bytes.Address, length);
        if (file is null)
        {
            return false;
        }

        var mapping = Native.Map(0, length, Native.ProtectReadWrite, Native.MapPrivate, file.Descriptor, 0);
        if (mapping == -1)
        {
            return false;
        }

        var view = (byte*)mapping;
        var sum = Volatile.Read(ref view[page]) + Volatile.Read(ref view[3 * page]);
        Volatile.Write(ref view[2 * page], 7);
        Volatile.Write(ref view[3 * page], 7);
        var entries = stackalloc ulong[Pages];
        var truth = Native.ReadAt(pagemap, entries, Pages * EntryBytes, (nint)((ulong)mapping / (ulong)page * EntryBytes)) == Pages * EntryBytes;
        for (var at = 0; at < Pages; at++)
        {
            truth &= IsPrivate(entries[at]) == at >= 2;
        }

        truth &= sum == 0 && TryRevert(pagemap, view, file.Bytes, length, Pages, differences: null)
            && view[0] == 1 && view[2 * page] == 0 && view[3 * page] == 0;
        _ = Native.Unmap(mapping, length);
        return truth;
    }
}
