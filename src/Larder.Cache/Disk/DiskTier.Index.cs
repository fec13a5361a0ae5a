using System.Buffers.Binary;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk.Io;
using Larder.Cache.Integrity;

namespace Larder.Cache.Disk;

// The index file, which saves the next start most of its work and keeps recency, and the claim, which bounds what an
// unclean end can have left.
public sealed partial class DiskTier
{
    private const int ClaimBytes = 24;
    private const int ClaimShare = 32;
    private const long MinClaimStep = 1024 * 1024;

    // Guarded by _gate: an upper bound, on disk, of everything this run has booked.
    private long _claimBytes;

    private static ReadOnlySpan<byte> ClaimMagic => "LRDRCLM1"u8;

    // Reads the index file into the index, in the order of the queues. Whatever is wrong with it, it is only slower
    // without.
    private void RestoreIndex()
    {
        var error = Io.OpenRead(_paths.Index, out var file);
        if (error != Errno.None)
        {
            return;
        }

        IndexFile? content;
        using (file)
        {
            content = IndexFile.Read(Io, file!);
        }

        if (content is null)
        {
            Log.IndexFile(_logger, _paths.Root, "it is damaged or of another version");
            return;
        }

        var kinds = content.Kinds.Select(KindOf).ToArray();
        const int Batch = 4096;
        for (var start = 0; start < content.Slots.Length; start += Batch)
        {
            lock (_gate)
            {
                foreach (ref var slot in content.Slots.AsSpan(start, Math.Min(Batch, content.Slots.Length - start)))
                {
                    RestoreSlot(slot, kinds[slot.Kind]);
                }
            }
        }
    }

    private void RestoreSlot(DiskSlot slot, DiskKind? kind)
    {
        if (kind is null || _index.Find(kind.Id, slot.Fingerprint) >= 0)
        {
            return;
        }

        slot.Kind = kind.Id;
        if (_dying.ContainsKey(new ArtifactKey(kind.Kind, slot.Fingerprint)))
        {
            return;
        }

        InsertSlot(slot, kind, restore: true);
        kind.Recovered++;
        _restored++;
        _budget.UnaccountedBytes = Math.Max(0, _budget.UnaccountedBytes - slot.Weight);
    }

    // Writes the index aside and renames it. Entries are copied in batches, so that nobody waits long for the gate;
    // one that moves in between is written as it was or as it is.
    internal void WriteIndex()
    {
        List<string> kinds;
        uint newest;
        var slots = new List<DiskSlot>();
        lock (_gate)
        {
            kinds = [.. _kindsById.Select(static kind => kind.Kind.Name)];
            slots.EnsureCapacity(_index.Count);
        }

        const int Batch = 4096;
        for (var start = 0; ; start += Batch)
        {
            lock (_gate)
            {
                newest = _index.NewestOrder;
                if (start >= _index.SlotLimit)
                {
                    break;
                }

                for (var slot = start; slot < Math.Min(start + Batch, _index.SlotLimit); slot++)
                {
                    ref var entry = ref _index[slot];
                    if ((entry.Flags & DiskSlotFlags.Live) != 0 && entry.Kind < kinds.Count)
                    {
                        slots.Add(entry);
                    }
                }
            }
        }

        var path = _temporary.Next();
        var error = IndexFile.Write(Io, path, kinds, slots, newest);
        error = error == Errno.None ? Io.Rename(path, _paths.Index, replace: true) : error;
        if (error != Errno.None)
        {
            Io.Unlink(path);
            CountError();
            Log.IndexFile(_logger, _paths.Root, $"error {(int)error} ({error})");
            return;
        }

        lock (_gate)
        {
            // What was booked at most is known exactly here, so that the next start need not fear more.
            WriteClaim(_budget.UsedBytes);
        }
    }

    // Learns how much an earlier run may have left. Called under the gate.
    private void OpenClaim()
    {
        Span<byte> bytes = stackalloc byte[ClaimBytes];
        var claimed = -1L;
        if (Io.OpenRead(_paths.Claim, out var file) == Errno.None)
        {
            using (file)
            {
                if (Io.Read(file!, 0, bytes, out var count) == Errno.None
                    && count == ClaimBytes
                    && bytes.StartsWith(ClaimMagic)
                    && BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]) == Crc32C.Compute(bytes[..16]))
                {
                    claimed = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
                }
            }
        }

        if (claimed < 0)
        {
            // Nobody says. An empty directory holds nothing; any other may be full.
            var isFresh = true;
            Io.ReadDirectory(_paths.Root, 0, (_, name, _) => isFresh &= name[0] == '.');
            claimed = isFresh ? 0 : _budget.CapacityBytes;
        }

        _claimBytes = 0;
        _budget.UnaccountedBytes = Math.Max(0, Math.Min(claimed, _budget.CapacityBytes) - _budget.OverheadBytes);
        ExtendClaim();
    }

    // Keeps the claim above what is booked. A step is large, so that this seldom writes; it is the one piece of
    // input and output under the gate, because nothing may be booked before the claim covers it. Called under the gate.
    private void ExtendClaim()
    {
        var used = _budget.UsedBytes;
        if (used <= _claimBytes || !IsOwner || IsReadOnly)
        {
            return;
        }

        WriteClaim(used);
    }

    private void WriteClaim(long used)
    {
        var claim = Math.Max(used, Math.Min(used + Math.Max(_budget.CapacityBytes / ClaimShare, MinClaimStep), _budget.CapacityBytes));
        Span<byte> bytes = stackalloc byte[ClaimBytes];
        bytes.Clear();
        ClaimMagic.CopyTo(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], claim);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], Crc32C.Compute(bytes[..16]));
        if (Io.OpenOrCreate(_paths.Claim, out var file) != Errno.None)
        {
            return;
        }

        using (file)
        {
            if (Io.Write(file!, 0, bytes, out var count) == Errno.None && count == ClaimBytes)
            {
                _claimBytes = claim;
            }
        }
    }
}
