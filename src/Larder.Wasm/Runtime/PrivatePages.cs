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
    /// <returns>False when there are more pages, or the kernel does not say; some pages may be written back then.</returns>
    public static bool TryRevert(byte* start, byte* image, ulong length, ulong mostPages) =>
        IsAvailable && TryRevert(Pagemap.Value, start, image, length, mostPages);

    private static bool TryRevert(int pagemap, byte* start, byte* image, ulong length, ulong mostPages)
    {
        var page = (ulong)Environment.SystemPageSize;
        var entries = stackalloc ulong[EntriesAtOnce];
        var reverted = 0UL;
        for (var at = 0UL; at < length; at += EntriesAtOnce * page)
        {
            var count = Math.Min(EntriesAtOnce, (length - at) / page);
            var position = (ulong)(start + at) / page * EntryBytes;
            if (Native.ReadAt(pagemap, entries, (nuint)count * EntryBytes, (nint)position) != (nint)count * EntryBytes)
            {
                return false;
            }

            for (var entry = 0UL; entry < count; entry++)
            {
                if ((entries[entry] & InFile) != 0 || (entries[entry] & PresentOrSwapped) == 0)
                {
                    continue;
                }

                if (++reverted > mostPages)
                {
                    return false;
                }

                var offset = at + (entry * page);
                NativeMemory.Copy(image + offset, start + offset, (nuint)page);
            }
        }

        return true;
    }

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
            var isPrivate = (entries[at] & InFile) == 0 && (entries[at] & PresentOrSwapped) != 0;
            truth &= isPrivate == at >= 2;
        }

        truth &= sum == 0 && TryRevert(pagemap, view, file.Bytes, length, Pages)
            && view[0] == 1 && view[2 * page] == 0 && view[3 * page] == 0;
        _ = Native.Unmap(mapping, length);
        return truth;
    }
}
