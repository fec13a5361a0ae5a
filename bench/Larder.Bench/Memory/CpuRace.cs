using System.Diagnostics;

namespace Larder.Bench.Memory;

/// <summary>
/// Measures two things in turn, slice by slice, in one process, by the CPU time of the whole process, so that whatever
/// else runs on the machine disturbs both alike.
/// </summary>
internal sealed class CpuRace<TKey> : IDisposable
    where TKey : notnull
{
    private const int Chunk = 2048;

    private readonly Thread[] _threads;
    private readonly Barrier _barrier;
    private readonly int _slice;
    private Action<ReadOnlySpan<TKey>>? _body;
    private TKey[] _keys = [];
    private bool _stopped;
    private int _offset;

    public CpuRace(int threads, int sliceOperations)
    {
        _slice = sliceOperations / threads / Chunk * Chunk;
        _barrier = new Barrier(threads + 1);
        _threads = new Thread[threads];
        for (var i = 0; i < threads; i++)
        {
            var index = i;
            _threads[i] = new Thread(() => Work(index)) { IsBackground = true };
            _threads[i].Start();
        }
    }

    public delegate void SliceBody(ReadOnlySpan<TKey> keys);

    /// <summary>Runs one slice; returns CPU nanoseconds and allocated bytes an operation.</summary>
    public (double Nanoseconds, double Bytes) Slice(Action<ReadOnlySpan<TKey>> body, TKey[] keys)
    {
        _body = body;
        _keys = keys;
        var operations = (double)_slice * _threads.Length;
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var before = Environment.CpuUsage.TotalTime;
        _barrier.SignalAndWait();
        _barrier.SignalAndWait();
        var time = Environment.CpuUsage.TotalTime - before;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        _offset += _slice;
        return (time.TotalNanoseconds / operations, allocated / operations);
    }

    public void Dispose()
    {
        _stopped = true;
        _barrier.SignalAndWait();
        foreach (var thread in _threads)
        {
            thread.Join();
        }

        _barrier.Dispose();
    }

    private void Work(int index)
    {
        while (true)
        {
            _barrier.SignalAndWait();
            if (_stopped)
            {
                return;
            }

            var keys = _keys;
            Debug.Assert(keys.Length % Chunk == 0, "Slices are made of whole chunks.");
            var position = (_offset + (index * (keys.Length / _threads.Length))) % keys.Length;
            for (var done = 0; done < _slice; done += Chunk)
            {
                _body!(keys.AsSpan(position, Chunk));
                position = (position + Chunk) % keys.Length;
            }

            _barrier.SignalAndWait();
        }
    }
}
