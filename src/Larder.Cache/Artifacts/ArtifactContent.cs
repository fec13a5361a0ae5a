using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Artifacts;

/// <summary>
/// The readable, immutable bytes of one entry in one tier, shared by the tier and by everyone who holds a lease.
/// </summary>
/// <remarks>
/// Reference counted: the tier owns one reference from construction until it drops the entry; each lease owns one
/// more. <see cref="Free"/> runs once, when the last is given back. Content whose bytes the garbage collector owns
/// passes <c>counted: false</c> and pays nothing. All members are safe for use by many threads.
/// </remarks>
public abstract class ArtifactContent
{
    // The two upper bits of the word; what is below counts live references. A count of 0 means freed and never rises.
    private const int Moving = 1 << 30;
    private const int Retired = 1 << 29;
    private const int CountMask = Retired - 1;

    private readonly bool _counted;

    private int _references = 1;

    /// <summary>Creates content that its tier owns the first reference to.</summary>
    /// <param name="metadata">Describes the bytes; its length is authoritative.</param>
    /// <param name="counted">Whether <see cref="Free"/> must run when the last reference goes.</param>
    protected ArtifactContent(ArtifactMetadata metadata, bool counted)
    {
        Metadata = metadata;
        _counted = counted;
    }

    /// <summary>Describes the bytes.</summary>
    public ArtifactMetadata Metadata { get; }

    /// <summary>Payload length in bytes.</summary>
    public long Length => Metadata.Length;

    /// <summary>Whether references are counted; otherwise the garbage collector owns the bytes and anyone may keep them.</summary>
    internal bool IsCounted => _counted;

    /// <summary>Whether the tier holds the only reference. A hint.</summary>
    internal bool IsIdle => Volatile.Read(ref _references) == 1;

    /// <summary>The file whose first <see cref="Length"/> bytes are the payload, or null when it is not in a file.</summary>
    public virtual SafeFileHandle? File => null;

    /// <summary>Gives the whole payload without copying; false when it is not in memory.</summary>
    public virtual bool TryGetMemory(out ReadOnlyMemory<byte> memory)
    {
        memory = default;
        return false;
    }

    /// <summary>
    /// Copies payload bytes that begin at <paramref name="offset"/>; returns how many, 0 at the end. Never blocks on
    /// anything but the local medium.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="offset"/> is negative or past the end.</exception>
    /// <exception cref="CacheException">The medium failed or the bytes are damaged.</exception>
    public abstract int Read(long offset, Span<byte> destination);

    /// <summary>
    /// Fills <paramref name="destination"/> with payload bytes that begin at <paramref name="offset"/>, if that needs no
    /// waiting for a medium; false in every other case, the trouble that <see cref="Read"/> would report included.
    /// </summary>
    public virtual bool TryReadCached(long offset, Span<byte> destination) => false;

    /// <summary>Takes a reference; false when the content is already freed.</summary>
    public bool TryAcquire() => !_counted || TryAcquireCounted();

    /// <summary>Gives a reference back.</summary>
    public void Release()
    {
        if (_counted)
        {
            ReleaseCounted();
        }
    }

    /// <summary>
    /// Marks that the tier holds this no more, before it gives its reference back: from then on the references are all
    /// leases, and the bytes stay where they are.
    /// </summary>
    private protected void Retire() => Interlocked.Or(ref _references, Retired);

    /// <summary>
    /// Keeps leases out for a moment, in which the caller moves the bytes; false unless the tier and the caller hold the
    /// only two references.
    /// </summary>
    private protected bool TryBeginMove() => Interlocked.CompareExchange(ref _references, 2 | Moving, 2) == 2;

    /// <summary>Lets leases in again.</summary>
    private protected void EndMove() => Interlocked.And(ref _references, ~Moving);

    /// <summary>Gives the bytes back to their medium. Runs once.</summary>
    protected virtual void Free()
    {
    }

    // Kept apart, so that content which nobody counts pays for a test and nothing else.
    private bool TryAcquireCounted()
    {
        var seen = Volatile.Read(ref _references);
        while ((seen & CountMask) > 0)
        {
            if ((seen & Moving) != 0)
            {
                seen = WaitForMove();
                continue;
            }

            var found = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (found == seen)
            {
                return true;
            }

            seen = found;
        }

        return false;
    }

    private void ReleaseCounted()
    {
        var left = Interlocked.Decrement(ref _references);
        Debug.Assert(left >= 0 && (left & CountMask) != CountMask, "A reference was given back twice.");
        if ((left & CountMask) == 0)
        {
            Free();
        }
    }

    // The mover only swaps one handle for another meanwhile.
    private int WaitForMove()
    {
        var wait = default(SpinWait);
        int seen;
        while (((seen = Volatile.Read(ref _references)) & Moving) != 0)
        {
            wait.SpinOnce(sleep1Threshold: -1);
        }

        return seen;
    }
}
