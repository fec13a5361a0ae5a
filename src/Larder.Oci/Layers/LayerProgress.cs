using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Oci.Layers;

/// <summary>Counts what happens to one layer. Counters are exact; a snapshot is not a consistent cut.</summary>
internal sealed class LayerProgress(Fingerprint diffId, long blobBytes, TimeProvider time)
{
    private readonly long _began = time.GetTimestamp();
    private long _sourceBytes;
    private long _sourceRequests;
    private long _diskHits;
    private long _remoteHits;
    private long _remoteBytes;
    private long _rangeFetches;
    private long _streamWaits;
    private long _imports;
    private long _resumes;
    private long _waiting;
    private long _waitTicks;
    private long _longestWaitTicks;
    private long _firstByteTicks = -1;
    private long _readBytes;
    private long _storedBytes;
    private long _objectBytes;
    private long _localBytes;
    private int _activity;
    private int _objects = -1;
    private volatile bool _isFullyLocal;
    private volatile string? _lastError;

    public Fingerprint DiffId => diffId;

    public void SetActivity(LayerActivity activity) => Volatile.Write(ref _activity, (int)activity);

    public void CountRequest() => Interlocked.Increment(ref _sourceRequests);

    public void CountResume() => Interlocked.Increment(ref _resumes);

    public void CountRangeFetch() => Interlocked.Increment(ref _rangeFetches);

    public void CountSourceBytes(long bytes)
    {
        Interlocked.Add(ref _sourceBytes, bytes);
        NoteFirstByte();
    }

    public void BeginImport()
    {
        Interlocked.Increment(ref _imports);
        Volatile.Write(ref _readBytes, 0);
        Volatile.Write(ref _storedBytes, 0);
    }

    public void SetImported(long readBytes, long storedBytes)
    {
        Volatile.Write(ref _readBytes, readBytes);
        Volatile.Write(ref _storedBytes, storedBytes);
    }

    public void SetObjects(int objects) => Volatile.Write(ref _objects, objects);

    public void SetFullyLocal(bool value) => _isFullyLocal = value;

    /// <summary>Sets how many bytes of the layer's objects are on the disk.</summary>
    public void SetLocal(long localBytes, long objectBytes)
    {
        Volatile.Write(ref _objectBytes, objectBytes);
        Volatile.Write(ref _localBytes, localBytes);
    }

    public void SetError(string? message) => _lastError = message;

    /// <summary>Counts an object that a tier had.</summary>
    public void CountHit(TierKind tier, long bytes)
    {
        if (tier == TierKind.Remote)
        {
            Interlocked.Increment(ref _remoteHits);
            Interlocked.Add(ref _remoteBytes, bytes);
            NoteFirstByte();
        }
        else
        {
            Interlocked.Increment(ref _diskHits);
        }
    }

    public void CountStreamWait() => Interlocked.Increment(ref _streamWaits);

    /// <summary>A reader begins to wait; give what this returns to <see cref="EndWait"/>.</summary>
    public long BeginWait()
    {
        Interlocked.Increment(ref _waiting);
        return time.GetTimestamp();
    }

    public void EndWait(long began)
    {
        Interlocked.Decrement(ref _waiting);
        var ticks = time.GetElapsedTime(began).Ticks;
        Interlocked.Add(ref _waitTicks, ticks);
        var longest = Interlocked.Read(ref _longestWaitTicks);
        while (ticks > longest)
        {
            var seen = Interlocked.CompareExchange(ref _longestWaitTicks, ticks, longest);
            if (seen == longest)
            {
                return;
            }

            longest = seen;
        }
    }

    public LayerStatus Snapshot()
    {
        var firstByte = Interlocked.Read(ref _firstByteTicks);
        return new LayerStatus
        {
            DiffId = diffId,
            BlobBytes = blobBytes,
            Activity = (LayerActivity)Volatile.Read(ref _activity),
            ReadBytes = Volatile.Read(ref _readBytes),
            StoredBytes = Volatile.Read(ref _storedBytes),
            SourceBytes = Interlocked.Read(ref _sourceBytes),
            SourceRequests = Interlocked.Read(ref _sourceRequests),
            DiskHits = Interlocked.Read(ref _diskHits),
            RemoteHits = Interlocked.Read(ref _remoteHits),
            RemoteBytes = Interlocked.Read(ref _remoteBytes),
            RangeFetches = Interlocked.Read(ref _rangeFetches),
            StreamWaits = Interlocked.Read(ref _streamWaits),
            Imports = Interlocked.Read(ref _imports),
            Resumes = Interlocked.Read(ref _resumes),
            Waiting = Interlocked.Read(ref _waiting),
            WaitTime = TimeSpan.FromTicks(Interlocked.Read(ref _waitTicks)),
            LongestWait = TimeSpan.FromTicks(Interlocked.Read(ref _longestWaitTicks)),
            FirstByte = firstByte < 0 ? null : TimeSpan.FromTicks(firstByte),
            Objects = Volatile.Read(ref _objects),
            ObjectBytes = Volatile.Read(ref _objectBytes),
            LocalBytes = Volatile.Read(ref _localBytes),
            IsFullyLocal = _isFullyLocal,
            LastError = _lastError,
        };
    }

    private void NoteFirstByte()
    {
        if (Interlocked.Read(ref _firstByteTicks) < 0)
        {
            Interlocked.CompareExchange(ref _firstByteTicks, time.GetElapsedTime(_began).Ticks, -1);
        }
    }
}
