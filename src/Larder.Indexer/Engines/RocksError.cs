using System.Runtime.InteropServices;

namespace Larder.Indexer.Engines;

/// <summary>Errors of the native engine, which are texts, as exceptions.</summary>
internal static unsafe class RocksError
{
    /// <summary>Throws when a call set an error, and frees it.</summary>
    /// <param name="error">What the call set; null for none.</param>
    /// <param name="directory">Where the store is.</param>
    /// <param name="doing">What was tried, as in "could not be opened".</param>
    public static void Check(byte* error, string directory, string doing)
    {
        if (error is not null)
        {
            throw ToException(Take(error), directory, doing);
        }
    }

    /// <summary>The text of an error, which is freed.</summary>
    public static string Take(byte* error)
    {
        var text = Marshal.PtrToStringUTF8((nint)error) ?? string.Empty;
        RocksNative.Free(error);
        return text;
    }

    /// <summary>The exception for an error's text.</summary>
    public static IndexerException ToException(string text, string directory, string doing) =>
        Classify(text) switch
        {
            IndexerErrorKind.NoSpace => new IndexerException(
                IndexerErrorKind.NoSpace, $"The index in {directory} {doing}: the disk is full. Make room and try again. ({text})"),
            IndexerErrorKind.Damaged => new IndexerException(
                IndexerErrorKind.Damaged, $"The index in {directory} {doing}: it is damaged. Restore a snapshot or index again. ({text})"),
            _ when IsLocked(text) => new IndexerException(
                IndexerErrorKind.Unavailable, $"The index in {directory} {doing}: another process has it open, or this one has. Only one can write to it. ({text})"),
            _ => new IndexerException(IndexerErrorKind.Unavailable, $"The index in {directory} {doing}. ({text})"),
        };

    private static IndexerErrorKind Classify(string text)
    {
        if (Contains(text, "No space left") || Contains(text, "NoSpace") || Contains(text, "Disk quota exceeded")
            || Contains(text, "Space limit") || Contains(text, "Cannot allocate memory"))
        {
            return IndexerErrorKind.NoSpace;
        }

        // A file that the manifest names and that is not there is damage too.
        return text.StartsWith("Corruption", StringComparison.Ordinal)
            || ((Contains(text, ".sst") || Contains(text, "MANIFEST-")) && (Contains(text, "No such file") || Contains(text, "Corruption")))
            || Contains(text, "Not implemented: Unsupported compression")
            ? IndexerErrorKind.Damaged
            : IndexerErrorKind.Unavailable;
    }

    private static bool IsLocked(string text) => Contains(text, "lock hold by current process") || Contains(text, "While lock file");

    private static bool Contains(string text, string part) => text.Contains(part, StringComparison.OrdinalIgnoreCase);
}
