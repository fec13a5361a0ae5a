using System.Buffers;

namespace Larder.Cache.Redis.Protocol;

/// <summary>What came for an operation.</summary>
internal readonly struct RespReply
{
    /// <summary>What it is.</summary>
    public RespType Type { get; init; }

    /// <summary>The integer, or the length of the bulk.</summary>
    public long Number { get; init; }

    /// <summary>The line of a status or an error; null otherwise.</summary>
    public string? Text { get; init; }

    /// <summary>The rented buffer, <see cref="Number"/> bytes of which are the bulk; null when none was asked for.</summary>
    public byte[]? Buffer { get; init; }

    /// <summary>The tree; null when none was asked for.</summary>
    public RespValue? Tree { get; init; }

    /// <summary>Whether the bulk was passed over because it is longer than what was asked for.</summary>
    public bool IsTooLong { get; init; }

    /// <summary>The bulk in the rented buffer.</summary>
    public ReadOnlySpan<byte> Bytes => Buffer is null ? [] : Buffer.AsSpan(0, (int)Number);

    /// <summary>Gives the rented buffer back; nothing of the reply's bytes may be used after that.</summary>
    public void Return()
    {
        if (Buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(Buffer);
        }
    }
}
