namespace Larder.Fuse.Serving;

/// <summary>
/// Whether listing a directory fetches the attributes of everything in it, or of directories alone. The kernel asks for all of
/// them at the beginning of every directory, which makes what follows with <c>stat</c> several times faster, and what only wants
/// names, such as <c>find</c>, half as fast. So attributes come once somebody looks up files one by one, and for a number of
/// listings after that; when they are there nobody looks up, so now and then it is tried without.
/// </summary>
internal sealed class ListingMode
{
    private const int ListingsWithAll = 64;

    private int _left; // Races only make it a listing more or less.

    /// <summary>A file was looked up by its name.</summary>
    internal void FileLookedUp() => Volatile.Write(ref _left, ListingsWithAll);

    /// <summary>A directory is listed from an offset on.</summary>
    /// <returns>Whether the attributes of files are to be given.</returns>
    internal bool TakesAll(ulong offset)
    {
        // In the middle of a directory the kernel asks only when it has seen lookups in it.
        if (offset > 0)
        {
            return true;
        }

        var left = Volatile.Read(ref _left);
        if (left == 0)
        {
            return false;
        }

        Volatile.Write(ref _left, left - 1);

        return true;
    }
}
