using System.Buffers.Binary;
using System.Security.Cryptography;
using Larder.Cache.Fingerprints;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Compilation;

/// <summary>
/// A compiled handler as a file, <c>.qjsc</c>; docs/FORMATS.md has it byte by byte. QuickJS believes bytecode blindly, so
/// nothing of a file is used before the checksum over all of it, and with a key its MAC, were found right and it was made
/// by this engine with these options.
/// </summary>
internal static class HandlerArtifact
{
    /// <summary>Version of the format.</summary>
    public const ushort Version = 1;

    private const int HeaderBytes = 128;
    private const int ChecksumBytes = SHA256.HashSizeInBytes;
    private const int MacBytes = HMACSHA256.HashSizeInBytes;
    private const int VersionAt = 8;
    private const int FlagsAt = 10;
    private const int LengthAt = 12;
    private const int EngineAt = 16;
    private const int OptionsAt = 48;
    private const int SourceAt = 80;
    private const int BytecodeLengthAt = 112;
    private const int MapLengthAt = 116;
    private const int TextLengthAt = 120;
    private const int ReservedAt = 124;
    private const ushort HasMac = 1;
    private const ushort HasText = 2;

    private static ReadOnlySpan<byte> Magic => "LRDRQJSC"u8;

    /// <summary>The file of a handler.</summary>
    /// <param name="build">What it was made by and with.</param>
    /// <param name="sourceDigest">SHA-256 of the source as UTF-8.</param>
    /// <param name="bytecode">What the engine made of it.</param>
    /// <param name="map">The encoded <see cref="SourceMap"/>.</param>
    /// <param name="text">The source as UTF-8, for snippets; null leaves it out.</param>
    public static byte[] Write(
        HandlerBuild build, Fingerprint sourceDigest, ReadOnlySpan<byte> bytecode, ReadOnlySpan<byte> map, byte[]? text)
    {
        var macBytes = build.Key is null ? 0 : MacBytes;
        var bodyEnd = HeaderBytes + bytecode.Length + map.Length + (text?.Length ?? 0);
        var file = new byte[bodyEnd + macBytes + ChecksumBytes];
        Magic.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(VersionAt), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(
            file.AsSpan(FlagsAt), (ushort)((build.Key is null ? 0 : HasMac) | (text is null ? 0 : HasText)));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(LengthAt), file.Length);
        build.OptionsDigest.CopyTo(file.AsSpan(OptionsAt));
        build.EngineDigest.CopyTo(file.AsSpan(EngineAt));
        sourceDigest.CopyTo(file.AsSpan(SourceAt));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(BytecodeLengthAt), bytecode.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(MapLengthAt), map.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(TextLengthAt), text?.Length ?? 0);
        bytecode.CopyTo(file.AsSpan(HeaderBytes));
        map.CopyTo(file.AsSpan(HeaderBytes + bytecode.Length));
        text?.CopyTo(file.AsSpan(HeaderBytes + bytecode.Length + map.Length));
        if (build.Key is { } key)
        {
            HMACSHA256.HashData(key, file.AsSpan(0, bodyEnd), file.AsSpan(bodyEnd));
        }

        SHA256.HashData(file.AsSpan(..^ChecksumBytes), file.AsSpan(^ChecksumBytes..));
        return file;
    }

    /// <summary>
    /// Reads a file. Gives what is wrong with it, the first of: not an artifact, unknown version, truncated, damaged, not
    /// authentic, foreign engine, foreign options, foreign source.
    /// </summary>
    /// <param name="file">The bytes; the handler keeps them, so they must not change.</param>
    /// <param name="build">What it must have been made by and with.</param>
    /// <param name="sourceDigest">The source that it must have been made from; null for any.</param>
    /// <param name="handler">The handler, when nothing is wrong.</param>
    /// <param name="origin">Where the bytes come from.</param>
    /// <param name="compilationTime">Time that the compiler took; null when it did not run.</param>
    public static ArtifactFault Read(
        ReadOnlyMemory<byte> file,
        HandlerBuild build,
        Fingerprint? sourceDigest,
        out CompiledHandler? handler,
        HandlerOrigin origin = HandlerOrigin.Given,
        TimeSpan? compilationTime = null)
    {
        handler = null;
        var bytes = file.Span;
        var magic = bytes[..Math.Min(bytes.Length, Magic.Length)];
        if (!Magic.StartsWith(magic))
        {
            return ArtifactFault.NotAnArtifact;
        }

        if (bytes.Length < FlagsAt)
        {
            return ArtifactFault.Truncated;
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[VersionAt..]) != Version)
        {
            return ArtifactFault.UnknownVersion;
        }

        if (bytes.Length < HeaderBytes + ChecksumBytes || BinaryPrimitives.ReadInt32LittleEndian(bytes[LengthAt..]) > bytes.Length)
        {
            return ArtifactFault.Truncated;
        }

        Span<byte> digest = stackalloc byte[ChecksumBytes];
        SHA256.HashData(bytes[..^ChecksumBytes], digest);
        if (!digest.SequenceEqual(bytes[^ChecksumBytes..]) || !TryLayOut(bytes, out var parts))
        {
            return ArtifactFault.Damaged;
        }

        var fault = Judge(bytes, parts, build, sourceDigest);
        if (fault == ArtifactFault.None)
        {
            handler = new CompiledHandler(
                file,
                new Fingerprint(bytes[^ChecksumBytes..]),
                new Fingerprint(bytes.Slice(SourceAt, Fingerprint.Size)),
                file[parts.Bytecode],
                file[parts.Map],
                parts.HasText ? file[parts.Text] : (ReadOnlyMemory<byte>?)null)
            {
                FirstOrigin = origin,
                CompilationTime = compilationTime,
            };
        }

        return fault;
    }

    // All lengths are below 2 GiB each and are added as 64 bits.
    private static bool TryLayOut(ReadOnlySpan<byte> bytes, out Parts parts)
    {
        parts = default;
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes[FlagsAt..]);
        var bytecode = BinaryPrimitives.ReadUInt32LittleEndian(bytes[BytecodeLengthAt..]);
        var map = BinaryPrimitives.ReadUInt32LittleEndian(bytes[MapLengthAt..]);
        var text = BinaryPrimitives.ReadUInt32LittleEndian(bytes[TextLengthAt..]);
        var mac = (flags & HasMac) != 0 ? MacBytes : 0;
        if ((flags & ~(HasMac | HasText)) != 0
            || ((flags & HasText) == 0 && text != 0)
            || bytes[ReservedAt..HeaderBytes].ContainsAnyExcept((byte)0)
            || BinaryPrimitives.ReadInt32LittleEndian(bytes[LengthAt..]) != bytes.Length
            || HeaderBytes + (long)bytecode + map + text + mac + ChecksumBytes != bytes.Length)
        {
            return false;
        }

        var mapAt = HeaderBytes + (int)bytecode;
        var textAt = mapAt + (int)map;
        var end = textAt + (int)text;
        parts = new Parts(HeaderBytes..mapAt, mapAt..textAt, textAt..end, (flags & HasText) != 0, mac != 0, end);
        return true;
    }

    private static ArtifactFault Judge(ReadOnlySpan<byte> bytes, Parts parts, HandlerBuild build, Fingerprint? sourceDigest)
    {
        if (build.Key is { } key)
        {
            Span<byte> mac = stackalloc byte[MacBytes];
            HMACSHA256.HashData(key, bytes[..parts.End], mac);
            if (!parts.HasMac || !CryptographicOperations.FixedTimeEquals(mac, bytes.Slice(parts.End, MacBytes)))
            {
                return ArtifactFault.NotAuthentic;
            }
        }

        if (!bytes.Slice(EngineAt, Fingerprint.Size).SequenceEqual(build.EngineDigest))
        {
            return ArtifactFault.ForeignEngine;
        }

        if (!bytes.Slice(OptionsAt, Fingerprint.Size).SequenceEqual(build.OptionsDigest))
        {
            return ArtifactFault.ForeignOptions;
        }

        return sourceDigest is { } expected && new Fingerprint(bytes.Slice(SourceAt, Fingerprint.Size)) != expected
            ? ArtifactFault.ForeignSource
            : ArtifactFault.None;
    }

    private readonly record struct Parts(Range Bytecode, Range Map, Range Text, bool HasText, bool HasMac, int End);
}
