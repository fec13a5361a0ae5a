using System.Buffers.Binary;
using System.Collections.Immutable;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Handlers.Compilation;

/// <summary>
/// Which handlers a node used most, by the digests of their sources, the most used first: an artifact of its own on the
/// local disk. docs/FORMATS.md has it byte by byte.
/// </summary>
internal static class WarmSet
{
    private const int HeaderBytes = 16;
    private const uint Version = 1;

    /// <summary>Most handlers that are listed.</summary>
    public const int MaxHandlers = 10_000;

    /// <summary>The kind of such lists.</summary>
    public static ArtifactKind Kind { get; } = ArtifactKind.Parse("handler-warm-set");

    private static ReadOnlySpan<byte> Magic => "LRDRWARM"u8;

    /// <summary>The name of the list of a build.</summary>
    public static Recipe RecipeOf(HandlerBuild build) => Recipe.For(Kind, Version)
        .Add("engine", new Fingerprint(build.EngineDigest))
        .Add("options", new Fingerprint(build.OptionsDigest))
        .Build();

    /// <summary>The list as bytes.</summary>
    public static byte[] Encode(IReadOnlyList<Fingerprint> sources)
    {
        var bytes = new byte[HeaderBytes + (sources.Count * Fingerprint.Size)];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), sources.Count);
        for (var index = 0; index < sources.Count; index++)
        {
            sources[index].CopyTo(bytes.AsSpan(HeaderBytes + (index * Fingerprint.Size)));
        }

        return bytes;
    }

    /// <summary>Reads a list; empty when the bytes are none.</summary>
    public static ImmutableArray<Fingerprint> Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes
            || !bytes.StartsWith(Magic)
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != Version
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) > MaxHandlers
            || bytes.Length != HeaderBytes + (BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]) * Fingerprint.Size))
        {
            return [];
        }

        var sources = ImmutableArray.CreateBuilder<Fingerprint>((bytes.Length - HeaderBytes) / Fingerprint.Size);
        for (var rest = bytes[HeaderBytes..]; !rest.IsEmpty; rest = rest[Fingerprint.Size..])
        {
            sources.Add(new Fingerprint(rest[..Fingerprint.Size]));
        }

        return sources.MoveToImmutable();
    }
}
