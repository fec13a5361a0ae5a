using System.Runtime.InteropServices;
using System.Text;

namespace Larder.Indexer.Engines;

/// <summary>An open database of the native engine, counted: it is closed when nobody holds it any more. Thread safe.</summary>
internal sealed unsafe class RocksDatabase
{
    // The engine demands that the first family has this name.
    private static readonly string[] FamilyNames = ["default", "values", "history", "pages", "undo"];

    private readonly RocksOptions _options;
    private readonly nint[] _families;
    private int _holders = 1;

    private RocksDatabase(string directory, RocksOptions options, nint handle, nint[] families)
    {
        Directory = directory;
        _options = options;
        Handle = handle;
        _families = families;
    }

    public string Directory { get; }

    public nint Handle { get; }

    public nint Cache => _options.Cache;

    public static RocksDatabase Open(string directory, in RocksSettings settings, bool readOnly)
    {
        RocksLibrary.Require();
        var options = new RocksOptions(settings, readOnly);
        try
        {
            var families = new nint[OrderedStore.FamilyCount];
            var handle = Open(directory, options, families, readOnly);
            RocksLibrary.MadeSlices(1 + families.Length);
            return new RocksDatabase(directory, options, handle, families);
        }
        catch
        {
            options.Dispose();
            throw;
        }
    }

    public nint Family(StoreFamily family) => _families[(int)family];

    /// <summary>Keeps the database open until a release.</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    /// <summary>Ends a hold; the last one closes.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) != 0)
        {
            return;
        }

        foreach (var family in _families)
        {
            RocksNative.DestroyFamily(family);
            RocksLibrary.Released();
        }

        RocksNative.Close(Handle);
        RocksLibrary.Released();
        _options.Dispose();
    }

    private static nint Open(string directory, RocksOptions options, nint[] families, bool readOnly)
    {
        var names = FamilyNames.Select(static name => Encoding.UTF8.GetBytes(name + '\0')).ToArray();
        var pinned = new PinnedGCHandle<byte[]>[names.Length];
        var pointers = stackalloc byte*[names.Length];
        try
        {
            for (var i = 0; i < names.Length; i++)
            {
                pinned[i] = new PinnedGCHandle<byte[]>(names[i]);
                pointers[i] = pinned[i].GetAddressOfArrayData();
            }

            byte* error = null;
            nint handle;
            fixed (byte* path = Encoding.UTF8.GetBytes(directory + '\0'))
            fixed (nint* familyOptions = options.Families)
            fixed (nint* made = families)
            {
                handle = readOnly
                    ? RocksNative.OpenReadOnly(options.Database, path, names.Length, pointers, familyOptions, made, 0, &error)
                    : RocksNative.Open(options.Database, path, names.Length, pointers, familyOptions, made, &error);
            }

            RocksError.Check(error, directory, "could not be opened");
            return handle;
        }
        finally
        {
            foreach (var pin in pinned)
            {
                pin.Dispose();
            }
        }
    }
}
