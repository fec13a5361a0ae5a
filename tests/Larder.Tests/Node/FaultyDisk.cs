using Larder.Cache.Disk.Io;
using Larder.Node.Transport;
using Microsoft.Win32.SafeHandles;

namespace Larder.Tests.Node;

/// <summary>A disk whose operations fail, or do not come back, when a test says so.</summary>
internal sealed class FaultyDisk : DiskIo, IDisposable
{
    private readonly ManualResetEventSlim _released = new(initialState: true);
    private int _operationsOnLoops;

    /// <summary>What every operation on an artifact's file fails with; none at first.</summary>
    public Errno ReadError { get; set; }

    /// <summary>What every write fails with; none at first.</summary>
    public Errno WriteError { get; set; }

    /// <summary>How many operations that may wait for the medium ran on an event loop.</summary>
    public int OperationsOnLoops => Volatile.Read(ref _operationsOnLoops);

    /// <summary>Makes every read block until <see cref="Release"/>.</summary>
    public void Block() => _released.Reset();

    public void Release() => _released.Set();

    public void Dispose() => _released.Dispose();

    public override Errno OpenRead(string path, out SafeFileHandle? file)
    {
        file = null;
        NoteThread();
        Wait();
        return ReadError == Errno.None ? base.OpenRead(path, out file) : ReadError;
    }

    public override Errno Stat(SafeFileHandle file, out FileStamp stamp)
    {
        stamp = default;
        Wait();
        return ReadError == Errno.None ? base.Stat(file, out stamp) : ReadError;
    }

    public override Errno Read(SafeFileHandle file, long offset, Span<byte> buffer, out int count)
    {
        count = 0;
        NoteThread();
        Wait();
        return ReadError != Errno.None ? ReadError
            : base.Read(file, offset, buffer, out count);
    }

    public override Errno ReadCached(SafeFileHandle file, long offset, Span<byte> buffer, out int count)
    {
        count = 0;
        return !_released.IsSet || ReadError != Errno.None
            ? Errno.Again
            : base.ReadCached(file, offset, buffer, out count);
    }

    public override Errno Create(string path, out SafeFileHandle? file)
    {
        file = null;
        NoteThread();
        return WriteError == Errno.None ? base.Create(path, out file) : WriteError;
    }

    public override Errno Write(SafeFileHandle file, long offset, ReadOnlySpan<byte> data, out int count)
    {
        count = 0;
        NoteThread();
        return WriteError == Errno.None ? base.Write(file, offset, data, out count) : WriteError;
    }

    public override Errno Stat(string path, out FileStamp stamp)
    {
        NoteThread();
        return base.Stat(path, out stamp);
    }

    public override Errno Unlink(string path)
    {
        NoteThread();
        return base.Unlink(path);
    }

    private void NoteThread()
    {
        if (EventLoop.IsCurrent)
        {
            Interlocked.Increment(ref _operationsOnLoops);
        }
    }

    private void Wait() => _released.Wait(TimeSpan.FromSeconds(20));
}
