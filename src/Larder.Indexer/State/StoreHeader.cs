using System.Collections.Immutable;
using System.Text;
using Larder.Cache.Fingerprints;

namespace Larder.Indexer.State;

/// <summary>What a store knows of itself; written anew with every batch that changes it.</summary>
internal sealed record StoreHeader
{
    public const ushort Version = 1;

    private const ushort HasTip = 1;

    /// <summary>Key of the header in its family.</summary>
    public static ReadOnlySpan<byte> Key => [0];

    private static ReadOnlySpan<byte> Magic => "LRDRSTAT"u8;

    public required Fingerprint Recipe { get; init; }

    public required ImmutableArray<KeyPrefix> Prefixes { get; init; }

    /// <summary>Sequence of the next commit.</summary>
    public ulong NextSequence { get; init; } = 1;

    /// <summary>Height of the last block; null for none.</summary>
    public uint? Tip { get; init; }

    /// <summary>Lowest height that can be read, while there is a tip.</summary>
    public uint Lowest { get; init; }

    /// <summary>Sequence of the block at the lowest height, once blocks below it were pruned, and 0 before.</summary>
    public ulong PrunedSequence { get; init; }

    public DeadIntervals Dead { get; init; } = DeadIntervals.None;

    public byte[] Encode()
    {
        var writer = new FieldWriter()
            .Bytes(Magic).UInt16(Version).UInt16(Tip is null ? (ushort)0 : HasTip)
            .UInt64(NextSequence).UInt32(Tip ?? 0).UInt32(Lowest).UInt64(PrunedSequence).Fingerprint(Recipe)
            .UInt16((ushort)Prefixes.Length);
        foreach (var prefix in Prefixes)
        {
            var name = Encoding.UTF8.GetBytes(prefix.Name);
            writer.UInt16((ushort)name.Length).UInt16((ushort)prefix.Prefix.Length).Bytes(name).Bytes(prefix.Prefix.Span);
        }

        writer.UInt32((uint)Dead.All.Length);
        foreach (var interval in Dead.All)
        {
            writer.UInt64(interval.First).UInt64(interval.Last);
        }

        return writer.Written.ToArray();
    }

    public static StoreHeader Decode(ReadOnlySpan<byte> source)
    {
        var reader = new FieldReader(source, "its header");
        if (!reader.Bytes(Magic.Length).SequenceEqual(Magic))
        {
            throw reader.Damaged();
        }

        if (reader.UInt16() is var version && version != Version)
        {
            throw new IndexerException(IndexerErrorKind.RecipeMismatch, $"The index is of format {version}, which this program does not know; it knows {Version}.");
        }

        var flags = reader.UInt16();
        var (next, tip, lowest, pruned, recipe) = (reader.UInt64(), reader.UInt32(), reader.UInt32(), reader.UInt64(), reader.Fingerprint());
        var prefixes = new KeyPrefix[reader.UInt16()];
        foreach (ref var prefix in prefixes.AsSpan())
        {
            var (name, length) = (reader.UInt16(), reader.UInt16());
            prefix = new KeyPrefix(Encoding.UTF8.GetString(reader.Bytes(name)), reader.Bytes(length).ToArray());
        }

        var dead = ImmutableArray.CreateBuilder<DeadInterval>();
        for (var left = reader.UInt32(); left > 0; left--)
        {
            dead.Add(new DeadInterval(reader.UInt64(), reader.UInt64()));
        }

        reader.RequireEnd();
        return new StoreHeader
        {
            Recipe = recipe,
            Prefixes = [.. prefixes],
            NextSequence = next,
            Tip = (flags & HasTip) != 0 ? tip : null,
            Lowest = lowest,
            PrunedSequence = pruned,
            Dead = dead.Count == 0 ? DeadIntervals.None : new DeadIntervals(dead.ToImmutable()),
        };
    }
}
