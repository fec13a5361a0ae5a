using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk.Io;
using Larder.Cache.Fingerprints;
using Larder.Cache.Integrity;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Disk;

/// <summary>
/// Checks every byte of an entry's files: the trailer, each block of the payload, and for content-addressed kinds the
/// digest that names it.
/// </summary>
internal static class EntryVerifier
{
    // A file up to this length is read whole with one call.
    private const int WholeFileBytes = 128 * 1024;
    private const int StepBytes = 4 * Trailer.BlockBytes;
    private const int TailBytes = 4096;

    // File times step with the kernel's timer, at most 10 milliseconds; a stamp is settled when its last change is
    // further from now than twice that, in either direction, so that a wall clock that was set back does no harm.
    private const long SettledNanoseconds = 20_000_000;

    /// <summary>Verifies an open entry.</summary>
    /// <param name="io">The file system.</param>
    /// <param name="file">The payload, with the trailer in it or not.</param>
    /// <param name="metadataFile">The file with the trailer of a raw entry; null for a framed one.</param>
    /// <param name="key">What the path says.</param>
    /// <param name="depth">How thoroughly.</param>
    /// <param name="timestamp">Now, on the monotonic clock.</param>
    /// <param name="turn">The verification's place among lookups.</param>
    /// <param name="cancellationToken">Gives up between blocks.</param>
    public static VerifierResult Verify(
        DiskIo io,
        SafeFileHandle file,
        SafeFileHandle? metadataFile,
        ArtifactKey key,
        VerifierDepth depth,
        long timestamp,
        long turn,
        CancellationToken cancellationToken)
    {
        var error = io.Stat(file, out var stamp);
        if (error != Errno.None)
        {
            return new VerifierResult(VerifierOutcome.Failed, error);
        }

        if (!stamp.IsFile)
        {
            return new VerifierResult(VerifierOutcome.Foreign);
        }

        var now = io.WallClockNanoseconds;
        var buffer = ArrayPool<byte>.Shared.Rent(stamp.Size <= WholeFileBytes ? WholeFileBytes : StepBytes);
        try
        {
            var result = VerifyBytes(io, file, stamp, metadataFile, key, depth, buffer, cancellationToken);
            if (result.Outcome != VerifierOutcome.Verified)
            {
                return result;
            }

            error = io.Stat(file, out var after);
            if (error != Errno.None)
            {
                return new VerifierResult(VerifierOutcome.Failed, error);
            }

            var settled = Math.Abs(now - stamp.ChangedNanoseconds) > SettledNanoseconds;
            return after.HasSameBytes(stamp)
                ? result with { Verification = new Verification(stamp, timestamp, turn, settled) }
                : new VerifierResult(VerifierOutcome.Changed);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads and verifies only the trailer of an entry.</summary>
    public static VerifierResult ReadMetadata(
        DiskIo io, SafeFileHandle file, SafeFileHandle? metadataFile, ArtifactKey key)
    {
        var error = io.Stat(file, out var stamp);
        if (error != Errno.None || !stamp.IsFile)
        {
            return new VerifierResult(error == Errno.None ? VerifierOutcome.Foreign : VerifierOutcome.Failed, error);
        }

        var form = metadataFile is null ? DiskForm.Framed : DiskForm.Raw;
        var read = ReadTrailer(io, metadataFile ?? file, metadataFile is null ? stamp.Size : -1, form, out var trailer);
        if (read.Outcome != VerifierOutcome.Verified)
        {
            return read;
        }

        return Trailer.TryRead(trailer, form, key, out var metadata, out _)
            && (form == DiskForm.Framed || metadata!.Length == stamp.Size)
            ? read with { Metadata = metadata }
            : new VerifierResult(VerifierOutcome.Damaged);
    }

    /// <summary>Fills the buffer from the file; fewer bytes than asked for are an error.</summary>
    internal static Errno ReadExactly(DiskIo io, SafeFileHandle file, long offset, Span<byte> buffer, out bool complete)
    {
        complete = false;
        while (!buffer.IsEmpty)
        {
            var error = io.Read(file, offset, buffer, out var count);
            if (error != Errno.None || count == 0)
            {
                return error;
            }

            buffer = buffer[count..];
            offset += count;
        }

        complete = true;
        return Errno.None;
    }

    private static VerifierResult VerifyBytes(
        DiskIo io,
        SafeFileHandle file,
        FileStamp stamp,
        SafeFileHandle? metadataFile,
        ArtifactKey key,
        VerifierDepth depth,
        byte[] buffer,
        CancellationToken cancellationToken)
    {
        // A small file is read whole, and its payload and trailer checked where they lie.
        var isWhole = stamp.Size <= WholeFileBytes;
        if (isWhole)
        {
            var error = ReadExactly(io, file, 0, buffer.AsSpan(0, (int)stamp.Size), out var complete);
            if (!complete)
            {
                return Incomplete(error);
            }
        }

        var form = metadataFile is null ? DiskForm.Framed : DiskForm.Raw;
        ReadOnlySpan<byte> trailer;
        if (isWhole && form == DiskForm.Framed)
        {
            var bytes = buffer.AsSpan(0, (int)stamp.Size);
            if (bytes.Length < Trailer.FooterBytes
                || !Trailer.TryReadFooter(bytes[^Trailer.FooterBytes..], stamp.Size, form, out var trailerBytes))
            {
                return Unframed(bytes.Length < Trailer.FooterBytes ? default : bytes[^Trailer.FooterBytes..]);
            }

            trailer = bytes[^trailerBytes..];
        }
        else
        {
            var read = ReadTrailer(io, metadataFile ?? file, form == DiskForm.Framed ? stamp.Size : -1, form, out trailer);
            if (read.Outcome != VerifierOutcome.Verified)
            {
                return read;
            }
        }

        if (!Trailer.TryRead(trailer, form, key, out var metadata, out var checksums)
            || (form == DiskForm.Raw && metadata!.Length != stamp.Size)
            || (depth.ContentAddressed && metadata!.Digest != key.Fingerprint))
        {
            return new VerifierResult(VerifierOutcome.Damaged);
        }

        Fingerprint? digest = depth.ContentAddressed || depth.Digest ? metadata!.Digest : null;
        var payload = isWhole
            ? VerifyBlocks(buffer.AsSpan(0, (int)metadata!.Length), checksums, digest)
            : VerifyBlocks(io, file, metadata!.Length, checksums, digest, depth.Throttle, buffer, cancellationToken);
        if (isWhole)
        {
            depth.Throttle?.Spend((int)stamp.Size);
        }

        return payload.Outcome == VerifierOutcome.Verified ? payload with { Metadata = metadata } : payload;
    }

    private static VerifierResult VerifyBlocks(
        ReadOnlySpan<byte> payload, ReadOnlySpan<byte> checksums, Fingerprint? digest)
    {
        if (digest is { } expected && Fingerprint.OfContent(payload) != expected)
        {
            return new VerifierResult(VerifierOutcome.Damaged);
        }

        return new VerifierResult(
            AreBlocksSound(payload, checksums) ? VerifierOutcome.Verified : VerifierOutcome.Damaged);
    }

    private static VerifierResult VerifyBlocks(
        DiskIo io,
        SafeFileHandle file,
        long length,
        ReadOnlySpan<byte> checksums,
        Fingerprint? digest,
        ReadThrottle? throttle,
        byte[] buffer,
        CancellationToken cancellationToken)
    {
        using var hash = digest is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long offset = 0; offset < length; offset += StepBytes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var step = buffer.AsSpan(0, (int)Math.Min(StepBytes, length - offset));
            var error = ReadExactly(io, file, offset, step, out var complete);
            if (!complete)
            {
                return Incomplete(error);
            }

            if (!AreBlocksSound(step, checksums[(int)(offset / Trailer.BlockBytes * sizeof(uint))..]))
            {
                return new VerifierResult(VerifierOutcome.Damaged);
            }

            hash?.AppendData(step);
            throttle?.Spend(step.Length);
        }

        return new VerifierResult(
            hash is null || Fingerprint.FromHash(hash) == digest ? VerifierOutcome.Verified : VerifierOutcome.Damaged);
    }

    private static bool AreBlocksSound(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> checksums)
    {
        while (!bytes.IsEmpty)
        {
            var block = bytes[..Math.Min(bytes.Length, Trailer.BlockBytes)];
            if (Crc32C.Compute(block) != BinaryPrimitives.ReadUInt32LittleEndian(checksums))
            {
                return false;
            }

            bytes = bytes[block.Length..];
            checksums = checksums[sizeof(uint)..];
        }

        return true;
    }

    // fileBytes is -1 when it has to be asked for.
    private static VerifierResult ReadTrailer(
        DiskIo io, SafeFileHandle file, long fileBytes, DiskForm form, out ReadOnlySpan<byte> trailer)
    {
        trailer = default;
        Errno error;
        if (fileBytes < 0)
        {
            error = io.Stat(file, out var stamp);
            if (error != Errno.None)
            {
                return new VerifierResult(VerifierOutcome.Failed, error);
            }

            fileBytes = stamp.Size;
        }

        if (fileBytes < Trailer.FooterBytes)
        {
            return new VerifierResult(form == DiskForm.Framed ? VerifierOutcome.Unframed : VerifierOutcome.Damaged);
        }

        var tail = new byte[Math.Min(fileBytes, TailBytes)];
        error = ReadExactly(io, file, fileBytes - tail.Length, tail, out var complete);
        if (!complete)
        {
            return Incomplete(error);
        }

        var footer = tail.AsSpan(tail.Length - Trailer.FooterBytes);
        if (!Trailer.TryReadFooter(footer, fileBytes, form, out var length))
        {
            return form == DiskForm.Framed ? Unframed(footer) : new VerifierResult(VerifierOutcome.Damaged);
        }

        if (length <= tail.Length)
        {
            trailer = tail.AsSpan(tail.Length - length);
            return new VerifierResult(VerifierOutcome.Verified);
        }

        var whole = new byte[length];
        error = ReadExactly(io, file, fileBytes - length, whole, out complete);
        trailer = whole;
        return complete ? new VerifierResult(VerifierOutcome.Verified) : Incomplete(error);
    }

    private static VerifierResult Unframed(ReadOnlySpan<byte> footer) =>
        new(Trailer.IsForeignVersion(footer) ? VerifierOutcome.Damaged : VerifierOutcome.Unframed);

    private static VerifierResult Incomplete(Errno error) =>
        error == Errno.None
            ? new VerifierResult(VerifierOutcome.Damaged)
            : new VerifierResult(VerifierOutcome.Failed, error);
}
