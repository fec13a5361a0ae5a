using System.Runtime.InteropServices;

namespace Larder.Indexer.Engines;

/// <summary>
/// How the C library's heap serves RocksDB. A batch of a block is tens of megabytes that come and go; by itself the library learns
/// from the first one to keep such pieces in its heap, where they leave holes that are never given back.
/// </summary>
internal static partial class NativeHeap
{
    // Parameters of mallopt, from malloc.h of the GNU C library.
    private const int TrimThreshold = -1;
    private const int MapThreshold = -3;
    private const int MostArenas = -8;

    private static readonly Lazy<bool> s_bounded = new(Bound);

    /// <summary>
    /// Maps what is longer than 256 KiB by itself, so that it goes back to the kernel when it is freed, and bounds the number of
    /// heaps. Once a process; does nothing with another C library.
    /// </summary>
    public static void EnsureBounded() => _ = s_bounded.Value;

    private static bool Bound()
    {
        try
        {
            return SetOption(MapThreshold, 256 << 10) != 0 & SetOption(TrimThreshold, 4 << 20) != 0 & SetOption(MostArenas, 4) != 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int parameter, int value);
}
