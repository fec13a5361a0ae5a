using Larder.Fuse.Native;
using Larder.Fuse.Takeover;
using Larder.Fuse.Wire;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Larder.Fuse.Passthrough;

/// <summary>
/// Which nodes are open with a backing file that the kernel reads by itself, and which without. The kernel refuses with EIO to
/// mix both for one node, and two backing files for one node, so the first open decides until the last release. A backing file
/// is registered once and stays so for a while after the last release, because opens of one file come in crowds.
/// </summary>
/// <remarks>
/// Rows are written to memory that outlives this process in an order that a kill between any two stores can only make counts
/// too high: a row too many costs an open backing file until the mount ends, one too few would fail a reader.
/// </remarks>
internal sealed unsafe class Backings
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Entry> _entries = []; // Guarded by _gate, as is all below.
    private readonly LinkedList<Entry> _idle = []; // Oldest first; only entries with a backing file and without opens.
    private readonly Stack<int> _freeRows = new();
    private readonly MountState _state;
    private readonly int _descriptor;
    private readonly int _maxIdle;
    private readonly long _idleMilliseconds;
    private readonly ILogger _logger;
    private int _uncountedOpens; // Opens without a row, while all rows are taken.
    private int _nextRow;
    private volatile bool _enabled; // Opens are counted, because the kernel has agreed to passthrough.
    private volatile bool _refused; // No more backing files are registered, because this process may not.

    internal Backings(int descriptor, MountState state, FuseMountOptions options)
    {
        _descriptor = descriptor;
        _state = state;
        _maxIdle = options.IdleBackings;
        _idleMilliseconds = (long)options.IdleBackingTime.TotalMilliseconds;
        _logger = options.Logger;
        Recover();
    }

    internal bool IsEnabled => _enabled;

    /// <summary>Nodes with a backing file at the kernel.</summary>
    internal int Registered
    {
        get
        {
            lock (_gate)
            {
                return _entries.Values.Count(entry => entry.Backing > 0);
            }
        }
    }

    internal void Enable(bool enabled) => _enabled = enabled;

    internal bool CanPassThrough(ulong node)
    {
        if (!_enabled)
        {
            return false;
        }

        lock (_gate)
        {
            return _entries.TryGetValue(node, out var entry) ? entry.Backing > 0 : !_refused && _uncountedOpens == 0;
        }
    }

    /// <summary>Counts an open of a node whose backing file is still registered.</summary>
    internal bool TryOpenKept(ulong node, out int backing)
    {
        backing = 0;
        if (!_enabled)
        {
            return false;
        }

        lock (_gate)
        {
            if (!_entries.TryGetValue(node, out var entry) || entry.Backing == 0)
            {
                return false;
            }

            AddOpen(entry);
            backing = entry.Backing;

            return true;
        }
    }

    /// <summary>Counts an open that wants no backing file.</summary>
    /// <returns>The backing file that the node is open with all the same, or 0.</returns>
    internal int OpenWithout(ulong node)
    {
        if (!_enabled)
        {
            return 0;
        }

        lock (_gate)
        {
            return OpenAsItIs(node);
        }
    }

    /// <summary>Counts an open, and registers the backing file unless the node is open without one.</summary>
    /// <returns>The kernel's number of the backing file, or 0.</returns>
    internal int OpenFile(ulong node, SafeFileHandle file)
    {
        if (!_enabled)
        {
            return 0;
        }

        lock (_gate)
        {
            if (_refused || _entries.ContainsKey(node) || _uncountedOpens > 0 || !TryTakeRow(out var row))
            {
                return OpenAsItIs(node);
            }

            var backing = Register(file);
            if (backing <= 0)
            {
                _freeRows.Push(row);

                return OpenAsItIs(node);
            }

            Add(node, backing, row);

            return backing;
        }
    }

    /// <summary>A release has been answered, or an open was not.</summary>
    internal void Release(ulong node)
    {
        if (!_enabled)
        {
            return;
        }

        lock (_gate)
        {
            if (!_entries.TryGetValue(node, out var entry) || entry.Opens == 0)
            {
                _uncountedOpens = Math.Max(0, _uncountedOpens - 1);

                return;
            }

            entry.Opens--;
            Store(entry);
            if (entry.Opens > 0)
            {
                return;
            }

            if (entry.Backing == 0)
            {
                Remove(entry);

                return;
            }

            entry.IdleSince = Environment.TickCount64;
            entry.IdlePlace = _idle.AddLast(entry);
            if (_idle.Count > _maxIdle)
            {
                Close(_idle.First!.Value);
            }
        }
    }

    /// <summary>Lets go of backing files that nobody has had open for a while.</summary>
    internal void CloseIdle(long now)
    {
        lock (_gate)
        {
            while (_idle.First is { } oldest && now - oldest.Value.IdleSince >= _idleMilliseconds)
            {
                Close(oldest.Value);
            }
        }
    }

    private int OpenAsItIs(ulong node)
    {
        if (_entries.TryGetValue(node, out var entry))
        {
            AddOpen(entry);

            return entry.Backing;
        }

        if (!TryTakeRow(out var row))
        {
            _uncountedOpens++;

            return 0;
        }

        Add(node, 0, row);

        return 0;
    }

    private int Register(SafeFileHandle file)
    {
        var taken = false;
        try
        {
            file.DangerousAddRef(ref taken);
            var map = new BackingMap { Descriptor = (int)file.DangerousGetHandle() };
            var backing = Libc.Control(_descriptor, Libc.BackingOpen, &map);
            if (backing > 0)
            {
                return backing;
            }

            var error = Libc.LastError;
            if (error is FuseErrno.NotPermitted or FuseErrno.NotTerminal or FuseErrno.NotSupported or FuseErrno.NotImplemented)
            {
                _refused = true;
                Log.PassthroughOff(_logger, error);
            }
            else
            {
                Log.PassthroughRefused(_logger, error);
            }

            return 0;
        }
        finally
        {
            if (taken)
            {
                file.DangerousRelease();
            }
        }
    }

    private void Add(ulong node, int backing, int row)
    {
        var entry = new Entry { Node = node, Backing = backing, Opens = 1, Row = row };
        _entries.Add(node, entry);
        Store(entry);
    }

    private void AddOpen(Entry entry)
    {
        entry.Opens++;
        Store(entry);
        if (entry.IdlePlace is { } place)
        {
            _idle.Remove(place);
            entry.IdlePlace = null;
        }
    }

    private void Close(Entry entry)
    {
        _idle.Remove(entry.IdlePlace!);
        Remove(entry); // Forgotten first: a number that is known but closed would fail a reader of the next process.
        var backing = entry.Backing;
        _ = Libc.Control(_descriptor, Libc.BackingClose, &backing);
    }

    private void Remove(Entry entry)
    {
        _entries.Remove(entry.Node);
        Volatile.Write(ref _state.Rows[entry.Row].Node, 0);
        _freeRows.Push(entry.Row);
    }

    private void Store(Entry entry)
    {
        ref var row = ref _state.Rows[entry.Row];
        Volatile.Write(ref row.Backing, entry.Backing);
        Volatile.Write(ref row.Opens, entry.Opens);
        Volatile.Write(ref row.Node, entry.Node);
    }

    private bool TryTakeRow(out int row)
    {
        if (_freeRows.TryPop(out row))
        {
            return true;
        }

        row = _nextRow;
        if (row == _state.Rows.Length)
        {
            return false;
        }

        _nextRow++;

        return true;
    }

    private void Recover()
    {
        var rows = _state.Rows;
        var now = Environment.TickCount64;
        for (var index = 0; index < rows.Length; index++)
        {
            if (rows[index].Node == 0)
            {
                continue;
            }

            for (; _nextRow < index; _nextRow++)
            {
                _freeRows.Push(_nextRow);
            }

            _nextRow = index + 1;
            var entry = new Entry { Node = rows[index].Node, Backing = rows[index].Backing, Opens = rows[index].Opens, Row = index };
            if (!_entries.TryAdd(entry.Node, entry))
            {
                continue;
            }

            if (entry.Opens == 0 && entry.Backing > 0)
            {
                entry.IdleSince = now;
                entry.IdlePlace = _idle.AddLast(entry);
            }
        }
    }

    private sealed class Entry
    {
        public required ulong Node { get; init; }

        public required int Backing { get; init; }

        public required int Row { get; init; }

        public int Opens { get; set; }

        public long IdleSince { get; set; }

        public LinkedListNode<Entry>? IdlePlace { get; set; }
    }
}
