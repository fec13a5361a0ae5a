using Larder.Cache.Artifacts;
using Larder.Oci.Sources;

namespace Larder.Oci.Mounting;

/// <summary>What was read of one layer, and from where.</summary>
internal sealed class LayerCounters
{
    private long _reads;
    private long _bytesRead;
    private long _disk;
    private long _remote;
    private long _remoteBytes;
    private long _origin;
    private long _originBytes;
    private long _failed;
    private long _waitTicks;
    private long _longestWaitTicks;

    public void NoteRead(long bytes)
    {
        Interlocked.Increment(ref _reads);
        Interlocked.Add(ref _bytesRead, bytes);
    }

    public void NoteOpened(TierKind source, long bytes, TimeSpan waited)
    {
        Interlocked.Add(ref _waitTicks, waited.Ticks);
        for (var longest = Volatile.Read(ref _longestWaitTicks);
            waited.Ticks > longest;
            longest = Volatile.Read(ref _longestWaitTicks))
        {
            Interlocked.CompareExchange(ref _longestWaitTicks, waited.Ticks, longest);
        }

        switch (source)
        {
            case TierKind.Remote:
                Interlocked.Increment(ref _remote);
                Interlocked.Add(ref _remoteBytes, bytes);
                break;
            case TierKind.Fill:
                Interlocked.Increment(ref _origin);
                Interlocked.Add(ref _originBytes, bytes);
                break;
            default:
                Interlocked.Increment(ref _disk);
                break;
        }
    }

    public void NoteFailed() => Interlocked.Increment(ref _failed);

    public ImageLayerStatistics Snapshot(ImageLayer layer) => new()
    {
        DiffId = layer.DiffId,
        BlobBytes = layer.Blob.Size,
        Reads = Volatile.Read(ref _reads),
        BytesRead = Volatile.Read(ref _bytesRead),
        OpenedFromDisk = Volatile.Read(ref _disk),
        OpenedFromRemote = Volatile.Read(ref _remote),
        BytesFromRemote = Volatile.Read(ref _remoteBytes),
        OpenedFromSource = Volatile.Read(ref _origin),
        BytesFromSource = Volatile.Read(ref _originBytes),
        Failures = Volatile.Read(ref _failed),
        Waited = new TimeSpan(Volatile.Read(ref _waitTicks)),
        LongestWait = new TimeSpan(Volatile.Read(ref _longestWaitTicks)),
    };
}
