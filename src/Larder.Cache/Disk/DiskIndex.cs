using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Larder.Cache.Fingerprints;

namespace Larder.Cache.Disk;

/// <summary>
/// What lies on disk, kept small: slots in chunks that never move, found through an open-addressing table of slot
/// numbers, and queued for eviction.
/// </summary>
/// <remarks>
/// Single-threaded under the tier's gate, except <see cref="Touch"/>. Eviction is two first-in-first-out queues with
/// lazy promotion: newcomers enter a small queue of a tenth of the bytes; what is used there moves to the main queue
/// when its turn comes, what is not leaves and is remembered by a hash, and enters the main queue at once when it
/// comes back. The main queue gives used entries another round. A use only raises a small counter.
/// Source: Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023.
/// </remarks>
internal sealed class DiskIndex
{
    /// <summary>Where uses stop counting.</summary>
    public const byte MaxFrequency = 3;

    private const int ChunkBits = 10;
    private const int ChunkSlots = 1 << ChunkBits;
    private const int SmallShare = 10;
    private const int MinTable = 1024;

    private readonly DiskQueue _small = new();
    private readonly DiskQueue _main = new();
    private DiskSlot[][] _chunks = [];

    // Slot number + 1; 0 is empty. Linear probing; a removal shifts its followers back. At most three quarters full.
    private int[] _table = new int[MinTable];

    // Hashes of what left the small queue, one a cell; the newest wins.
    private uint[] _ghosts = new uint[MinTable];
    private int _firstFree = -1;
    private int _slots;
    private uint _order;

    /// <summary>Entries.</summary>
    public int Count { get; private set; }

    /// <summary>Sum of the entries' weights, in bytes.</summary>
    public long Bytes => _small.Bytes + _main.Bytes;

    /// <summary>Slot numbers in use or once used; all are below this.</summary>
    public int SlotLimit => _slots;

    /// <summary>The order number that was given last.</summary>
    public uint NewestOrder => _order;

    /// <summary>Bytes of memory that the index takes itself.</summary>
    public long MemoryBytes =>
        ((long)_chunks.Length * ((ChunkSlots * Unsafe.SizeOf<DiskSlot>()) + 32)) + ((long)_table.Length * sizeof(int)) + ((long)_ghosts.Length * sizeof(uint));

    /// <summary>The slot's content.</summary>
    public ref DiskSlot this[int slot] => ref _chunks[slot >> ChunkBits][slot & (ChunkSlots - 1)];

    /// <summary>Finds an entry; -1 when it is not there.</summary>
    public int Find(ushort kind, Fingerprint fingerprint)
    {
        var mask = _table.Length - 1;
        for (var cell = (int)Hash(kind, fingerprint) & mask; _table[cell] != 0; cell = (cell + 1) & mask)
        {
            var slot = _table[cell] - 1;
            ref var candidate = ref this[slot];
            if (candidate.Kind == kind && candidate.Fingerprint.Equals(fingerprint))
            {
                return slot;
            }
        }

        return -1;
    }

    /// <summary>Adds an entry that is not there yet; queue and order are chosen here.</summary>
    public int Insert(in DiskSlot entry)
    {
        var hash = Hash(entry.Kind, entry.Fingerprint);
        var ghost = _ghosts[hash & (uint)(_ghosts.Length - 1)];
        var flags = ghost == (hash | 1) ? entry.Flags | DiskSlotFlags.Main : entry.Flags & ~DiskSlotFlags.Main;
        return InsertInto(entry, flags);
    }

    /// <summary>Adds an entry to the queue that its flags say, as the newest: how an index file is read back.</summary>
    public int Restore(in DiskSlot entry) => InsertInto(entry, entry.Flags);

    /// <summary>Takes an entry out.</summary>
    public void Remove(int slot)
    {
        ref var entry = ref this[slot];
        Debug.Assert((entry.Flags & DiskSlotFlags.Live) != 0, "The slot holds an entry.");
        Unlink(slot);
        RemoveFromTable(slot);
        entry.Flags = DiskSlotFlags.None;
        entry.Fingerprint = default;
        entry.Next = _firstFree;
        _firstFree = slot;
        Count--;
    }

    /// <summary>Notes another length or weight of an entry.</summary>
    public void Update(int slot, long length, uint blocks, ulong owner)
    {
        ref var entry = ref this[slot];
        var queue = QueueOf(entry.Flags);
        queue.Bytes -= entry.Weight;
        entry.Length = length;
        entry.Blocks = blocks;
        entry.Owner = owner;
        queue.Bytes += entry.Weight;
    }

    /// <summary>Notes a use. The only member that needs no lock: a slot that was reused meanwhile is touched in vain.</summary>
    public void Touch(int slot, uint now)
    {
        var chunks = Volatile.Read(ref _chunks);
        if ((uint)slot < (uint)(chunks.Length << ChunkBits))
        {
            ref var entry = ref chunks[slot >> ChunkBits][slot & (ChunkSlots - 1)];
            if (entry.Frequency < MaxFrequency)
            {
                entry.Frequency++;
            }

            if (entry.LastUse != now)
            {
                entry.LastUse = now;
            }
        }
    }

    /// <summary>
    /// Chooses the entry that should go next, giving used ones another round; -1 when there is none. It stays in until
    /// <see cref="Remove"/>.
    /// </summary>
    public int NextVictim()
    {
        // Every step lowers a counter or moves an entry from small to main, so that this ends.
        while (true)
        {
            if (_small.Tail >= 0 && (_main.Tail < 0 || _small.Bytes > Bytes / SmallShare))
            {
                var slot = _small.Tail;
                if (this[slot].Frequency == 0)
                {
                    return slot;
                }

                Requeue(slot, DiskSlotFlags.Main);
                this[slot].Frequency = 0;
            }
            else if (_main.Tail >= 0)
            {
                var slot = _main.Tail;
                if (this[slot].Frequency == 0)
                {
                    return slot;
                }

                this[slot].Frequency--;
                Requeue(slot, DiskSlotFlags.Main);
            }
            else
            {
                return -1;
            }
        }
    }

    /// <summary>Gives an entry another round, for one that may not go now.</summary>
    public void Spare(int slot) => Requeue(slot, DiskSlotFlags.Main);

    /// <summary>Remembers that an entry is leaving for capacity.</summary>
    public void Remember(int slot)
    {
        ref var entry = ref this[slot];
        if ((entry.Flags & DiskSlotFlags.Main) == 0)
        {
            var hash = Hash(entry.Kind, entry.Fingerprint);
            _ghosts[hash & (uint)(_ghosts.Length - 1)] = hash | 1;
        }
    }

    /// <summary>Throws when the structure is not sound. For tests.</summary>
    public void CheckIntegrity()
    {
        long bytes = 0;
        var queued = 0;
        foreach (var queue in (DiskQueue[])[_small, _main])
        {
            long queueBytes = 0;
            var previous = -1;
            for (var slot = queue.Head; slot >= 0; previous = slot, slot = this[slot].Next)
            {
                ref var entry = ref this[slot];
                Check((entry.Flags & DiskSlotFlags.Live) != 0 && entry.Previous == previous, "a queue is not linked");
                Check(QueueOf(entry.Flags) == queue, "an entry is in the wrong queue");
                Check(Find(entry.Kind, entry.Fingerprint) == slot, "an entry is not in the table");
                queueBytes += entry.Weight;
                Check(++queued <= Count, "a queue has a loop");
            }

            Check(queue.Tail == previous && queue.Bytes == queueBytes, "a queue's end or sum is wrong");
            bytes += queueBytes;
        }

        Check(queued == Count && bytes == Bytes, "entries are missing from the queues");
        Check(_table.Count(static cell => cell != 0) == Count, "the table holds other entries");
    }

    private static void Check(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"The disk index is broken: {what}.");
        }
    }

    private static uint Hash(ushort kind, Fingerprint fingerprint) =>
        (uint)fingerprint.GetHashCode() ^ (kind * 0x9E3779B1u);

    private DiskQueue QueueOf(DiskSlotFlags flags) => (flags & DiskSlotFlags.Main) != 0 ? _main : _small;

    private int InsertInto(in DiskSlot entry, DiskSlotFlags flags)
    {
        if (Count + 1 > _table.Length / 4 * 3)
        {
            GrowTable();
        }

        var slot = TakeSlot();
        ref var target = ref this[slot];
        target = entry;
        target.Flags = flags | DiskSlotFlags.Live;
        AddToTable(slot);
        Link(slot);
        Count++;
        return slot;
    }

    private int TakeSlot()
    {
        if (_firstFree >= 0)
        {
            var free = _firstFree;
            _firstFree = this[free].Next;
            return free;
        }

        if (_slots == _chunks.Length << ChunkBits)
        {
            var chunks = new DiskSlot[_chunks.Length + 1][];
            _chunks.CopyTo(chunks, 0);
            chunks[^1] = new DiskSlot[ChunkSlots];
            Volatile.Write(ref _chunks, chunks);
        }

        return _slots++;
    }

    private void AddToTable(int slot)
    {
        var mask = _table.Length - 1;
        ref var entry = ref this[slot];
        var cell = (int)Hash(entry.Kind, entry.Fingerprint) & mask;
        while (_table[cell] != 0)
        {
            cell = (cell + 1) & mask;
        }

        _table[cell] = slot + 1;
    }

    private void RemoveFromTable(int slot)
    {
        var mask = _table.Length - 1;
        ref var entry = ref this[slot];
        var hole = (int)Hash(entry.Kind, entry.Fingerprint) & mask;
        while (_table[hole] != slot + 1)
        {
            hole = (hole + 1) & mask;
        }

        // Followers whose probe path passes the hole move into it, so that no path is cut.
        for (var cell = (hole + 1) & mask; _table[cell] != 0; cell = (cell + 1) & mask)
        {
            ref var follower = ref this[_table[cell] - 1];
            var home = (int)Hash(follower.Kind, follower.Fingerprint) & mask;
            if (((cell - home) & mask) >= ((cell - hole) & mask))
            {
                _table[hole] = _table[cell];
                hole = cell;
            }
        }

        _table[hole] = 0;
    }

    private void GrowTable()
    {
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)_table.Length + 1);
        _table = new int[size];
        _ghosts = new uint[size];
        for (var slot = 0; slot < _slots; slot++)
        {
            if ((this[slot].Flags & DiskSlotFlags.Live) != 0)
            {
                AddToTable(slot);
            }
        }
    }

    private void Requeue(int slot, DiskSlotFlags queue)
    {
        Unlink(slot);
        ref var entry = ref this[slot];
        entry.Flags = (entry.Flags & ~DiskSlotFlags.Main) | queue;
        Link(slot);
    }

    private void Link(int slot)
    {
        ref var entry = ref this[slot];
        var queue = QueueOf(entry.Flags);
        entry.Order = ++_order;
        entry.Previous = -1;
        entry.Next = queue.Head;
        if (queue.Head >= 0)
        {
            this[queue.Head].Previous = slot;
        }
        else
        {
            queue.Tail = slot;
        }

        queue.Head = slot;
        queue.Bytes += entry.Weight;
    }

    private void Unlink(int slot)
    {
        ref var entry = ref this[slot];
        var queue = QueueOf(entry.Flags);
        if (entry.Previous >= 0)
        {
            this[entry.Previous].Next = entry.Next;
        }
        else
        {
            queue.Head = entry.Next;
        }

        if (entry.Next >= 0)
        {
            this[entry.Next].Previous = entry.Previous;
        }
        else
        {
            queue.Tail = entry.Previous;
        }

        queue.Bytes -= entry.Weight;
    }

    private sealed class DiskQueue
    {
        public int Head { get; set; } = -1;

        public int Tail { get; set; } = -1;

        public long Bytes { get; set; }
    }
}
