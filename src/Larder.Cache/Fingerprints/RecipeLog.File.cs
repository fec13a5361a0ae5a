using System.Buffers.Binary;
using System.Security.Cryptography;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Fingerprints;

// The log as one small file (docs/FORMATS.md, "Recipe log"): written aside and renamed, checked as a whole when it
// is read. A log that cannot be read is an empty log, never an error: it only serves explanations.
public sealed partial class RecipeLog
{
    private const int FileHeaderBytes = 8 + sizeof(uint);

    private const int FileRecordBytes = sizeof(long) + sizeof(uint);

    // Most bytes of a file that is read at all, whatever the budget says.
    private const long MaxFileBytes = 256L * 1024 * 1024;

    // "LRLG", the version of the file, three zero bytes.
    private static ReadOnlySpan<byte> FileMagic => "LRLG\x01\0\0\0"u8;

    /// <summary>Writes the log to a file, replacing it in one step.</summary>
    /// <exception cref="CacheException">The file cannot be written.</exception>
    public async Task SaveAsync(string path, CancellationToken cancellationToken = default)
    {
        var bytes = Serialize();
        var aside = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}.tmp";
        try
        {
            await File.WriteAllBytesAsync(aside, bytes, cancellationToken).ConfigureAwait(false);
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CacheException(CacheErrorKind.Io, $"The recipe log '{path}' cannot be written: {e.Message}", e);
        }
        finally
        {
            TryDelete(aside);
        }
    }

    /// <summary>
    /// Adds the recipes of a file that <see cref="SaveAsync"/> wrote, as older than everything recorded since.
    /// Returns how many; 0 when there is no such file or it is damaged, foreign or of another version.
    /// </summary>
    public async Task<int> LoadAsync(string path, CancellationToken cancellationToken = default)
    {
        byte[] bytes;
        try
        {
            var info = new FileInfo(path);
            if (!info.Exists || info.Length > MaxFileBytes)
            {
                return 0;
            }

            bytes = await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }

        if (Deserialize(bytes) is not { } loaded)
        {
            return 0;
        }

        lock (_gate)
        {
            // What was recorded while the file was read is more recent and goes on top again.
            var since = _kinds.SelectMany(kind => kind.Value.Order.Select(e => (Kind: kind.Key, Entry: e)))
                .OrderBy(pair => pair.Entry.SeenAt).ToList();
            _kinds.Clear();
            (_bytes, _entries) = (0, 0);
            foreach (var (kind, entry) in loaded.Concat(since))
            {
                var key = new ArtifactKey(kind, entry.Fingerprint);
                if (!TryTouch(key, entry.SeenAt))
                {
                    Append(key, entry.Encoded, entry.SeenAt);
                }
            }
        }

        return loaded.Count;
    }

    private static List<(ArtifactKind Kind, Entry Entry)>? Deserialize(byte[] bytes)
    {
        if (bytes.Length < FileHeaderBytes + SHA256.HashSizeInBytes
            || !bytes.AsSpan().StartsWith(FileMagic)
            || !SHA256.HashData(bytes.AsSpan(0, bytes.Length - SHA256.HashSizeInBytes))
                .AsSpan().SequenceEqual(bytes.AsSpan(bytes.Length - SHA256.HashSizeInBytes)))
        {
            return null;
        }

        var count = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(FileMagic.Length));
        var rest = bytes.AsMemory(FileHeaderBytes, bytes.Length - FileHeaderBytes - SHA256.HashSizeInBytes);
        var entries = new List<(ArtifactKind Kind, Entry Entry)>();
        for (var i = 0u; i < count; i++)
        {
            if (rest.Length < FileRecordBytes)
            {
                return null;
            }

            var ticks = BinaryPrimitives.ReadInt64LittleEndian(rest.Span);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span[sizeof(long)..]);
            if (length > (uint)(rest.Length - FileRecordBytes)
                || ticks < 0 || ticks > DateTimeOffset.MaxValue.UtcTicks
                || !Recipe.TryDecode(rest.Slice(FileRecordBytes, (int)length), out var recipe))
            {
                return null;
            }

            entries.Add((recipe.Kind, new Entry(recipe.Fingerprint, recipe.Encoded, new DateTimeOffset(ticks, TimeSpan.Zero))));
            rest = rest[(FileRecordBytes + (int)length)..];
        }

        return rest.IsEmpty ? entries : null;
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Left behind; its name says what it is, and recovery of the directory sweeps it.
        }
    }

    private byte[] Serialize()
    {
        List<Entry> entries;
        lock (_gate)
        {
            entries = [.. _kinds.Values.SelectMany(kind => kind.Order).OrderBy(e => e.SeenAt)];
        }

        var size = FileHeaderBytes + entries.Sum(e => (long)FileRecordBytes + e.Encoded.Length) + SHA256.HashSizeInBytes;
        var bytes = new byte[size];
        FileMagic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(FileMagic.Length), (uint)entries.Count);
        var position = FileHeaderBytes;
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(position), entry.SeenAt.UtcTicks);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(position + sizeof(long)), (uint)entry.Encoded.Length);
            entry.Encoded.Span.CopyTo(bytes.AsSpan(position + FileRecordBytes));
            position += FileRecordBytes + entry.Encoded.Length;
        }

        SHA256.HashData(bytes.AsSpan(0, position), bytes.AsSpan(position));
        return bytes;
    }
}
