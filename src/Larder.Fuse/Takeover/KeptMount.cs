using Larder.Fuse.Native;

namespace Larder.Fuse.Takeover;

/// <summary>
/// A mount whose process is gone and whose users wait. Whoever has it must go on with it by
/// <see cref="FuseMount.ResumeAsync"/>, or dispose it.
/// </summary>
public sealed class KeptMount : IDisposable
{
    private readonly List<int> _descriptors;
    private MountState? _state;

    internal KeptMount(string mountPoint, MountState state, List<int> descriptors)
    {
        MountPoint = mountPoint;
        _state = state;
        _descriptors = descriptors;
        State = state.Kept.ToArray();
    }

    /// <summary>Where it is mounted.</summary>
    public string MountPoint { get; }

    /// <summary>What the predecessor gave as <see cref="FuseMountOptions.KeptState"/>.</summary>
    public ReadOnlyMemory<byte> State { get; }

    /// <summary>Closes this process's descriptors; the keeper still has its own.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _state, null) is { } state)
        {
            state.Dispose();
            _descriptors.ForEach(descriptor => _ = Libc.Close(descriptor));
        }
    }

    internal (MountState State, List<int> Descriptors) Take() =>
        Interlocked.Exchange(ref _state, null) is { } state
            ? (state, _descriptors)
            : throw new ObjectDisposedException(nameof(KeptMount));
}
