using System.Buffers.Binary;
using System.Security.Cryptography;
using Larder.Cache.Fingerprints;
using Larder.Indexer.State;

namespace Larder.Indexer.Guests;

/// <summary>
/// What a block has flushed so far. It becomes part of the state only when the guest has returned; see
/// <see cref="BlockOutcome"/>. For one thread.
/// </summary>
internal sealed class FlushStage(GuestLimits limits) : IDisposable
{
    private readonly IncrementalHash _digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<StateWrite> _writes = [];

    // Where a key stands among the writes.
    private readonly Dictionary<ReadOnlyMemory<byte>, int> _places = new(KeyComparer.Instance);
    private long _bytes;
    private int _pairs;

    /// <summary>Flushes so far.</summary>
    public int Count { get; private set; }

    /// <summary>Pairs so far, repeated keys counted.</summary>
    public int Pairs => _pairs;

    /// <summary>Takes a message <c>{ repeated bytes 1 }</c> of keys and values in turns; a last key without a value counts for nothing.</summary>
    /// <exception cref="GuestDataException">The message is malformed, or beyond a limit.</exception>
    public void Add(ReadOnlySpan<byte> message)
    {
        _bytes += message.Length;
        if (_bytes > limits.FlushBytes)
        {
            throw new GuestDataException($"a block may flush {limits.FlushBytes} bytes, and this is number {_bytes}");
        }

        Count++;
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, message.Length);
        _digest.AppendData(length);
        _digest.AppendData(message);

        var kept = message.ToArray();
        var reader = new ProtobufReader(kept);
        var hasKey = false;
        ReadOnlyMemory<byte> key = default;
        while (reader.TryReadField(out var field))
        {
            if (field != 1)
            {
                reader.Skip();
                continue;
            }

            var item = reader.ReadBytes();
            var memory = kept.AsMemory(reader.Position - item.Length, item.Length);
            if (!hasKey)
            {
                key = memory;
                hasKey = true;
            }
            else
            {
                Put(key, memory);
                hasKey = false;
            }
        }
    }

    /// <summary>The writes; nothing is added any more.</summary>
    public IReadOnlyList<StateWrite> Writes => _writes;

    /// <summary>Digest over the messages; see <see cref="BlockRun"/>.</summary>
    public Fingerprint Digest() => Fingerprint.FromHash(_digest);

    /// <summary>Frees the hash.</summary>
    public void Dispose() => _digest.Dispose();

    private void Put(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value)
    {
        if (key.Length > limits.KeyBytes)
        {
            throw new GuestDataException($"a key may have {limits.KeyBytes} bytes, and this one has {key.Length}");
        }

        if (++_pairs > limits.FlushPairs)
        {
            throw new GuestDataException($"a block may flush {limits.FlushPairs} pairs, and there are more");
        }

        if (_places.TryAdd(key, _writes.Count))
        {
            _writes.Add(new StateWrite(key, value));
        }
        else
        {
            _writes[_places[key]] = new StateWrite(key, value);
        }
    }
}
