using System.Runtime.InteropServices;

namespace Larder.Indexer.Engines;

/// <summary>Whether the native engine is there, and how many of its objects are alive.</summary>
internal static class RocksLibrary
{
    private static long _liveObjects;

    /// <summary>Native objects that were made and not released: databases, snapshots, iterators, batches, slices, options.</summary>
    public static long LiveObjects => Interlocked.Read(ref _liveObjects);

    /// <summary>Whether the library can be loaded.</summary>
    public static bool IsInstalled { get; } =
        NativeLibrary.TryLoad(RocksNative.Library, typeof(RocksLibrary).Assembly, DllImportSearchPath.SafeDirectories, out _);

    /// <summary>Goes on where the library can be loaded.</summary>
    /// <exception cref="IndexerException">It cannot.</exception>
    public static void Require()
    {
        if (!IsInstalled)
        {
            throw new IndexerException(
                IndexerErrorKind.Unavailable,
                $"An index on a disk needs RocksDB ({RocksNative.Library}), which is not here; install Debian's package librocksdb7.8, or keep the index in memory.");
        }

        NativeHeap.EnsureBounded();
    }

    /// <summary>Counts an object that was made, and passes it on.</summary>
    public static nint Made(nint made)
    {
        if (made == 0)
        {
            throw new IndexerException(IndexerErrorKind.NoSpace, "RocksDB could not make an object; there is no memory for it.");
        }

        Interlocked.Increment(ref _liveObjects);
        return made;
    }

    /// <summary>Counts an object that was released.</summary>
    public static void Released() => Interlocked.Decrement(ref _liveObjects);

    /// <summary>Counts slices that a call made.</summary>
    public static void MadeSlices(int count) => Interlocked.Add(ref _liveObjects, count);

    /// <summary>Releases a slice.</summary>
    public static void ReleaseSlice(nint slice)
    {
        RocksNative.DestroySlice(slice);
        Released();
    }

    /// <summary>A length as .NET counts it; a slice that is too long for that is released first.</summary>
    public static int CheckLength(nuint length, nint slice)
    {
        if (length <= int.MaxValue)
        {
            return (int)length;
        }

        if (slice != 0)
        {
            ReleaseSlice(slice);
        }

        throw new IndexerException(IndexerErrorKind.Damaged, $"The store holds a value of {length} bytes, which nothing here writes.");
    }
}
