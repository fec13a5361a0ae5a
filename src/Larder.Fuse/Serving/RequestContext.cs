using Larder.Fuse.Native;
using Larder.Fuse.Requests;
using Larder.Fuse.Wire;
using Microsoft.Win32.SafeHandles;

namespace Larder.Fuse.Serving;

/// <summary>
/// One serving thread's request and answer. A request is answered exactly once: by the thread, by whoever took it over, or by
/// the watchdog when the thread is stuck. Who moves <c>_state</c> away from serving answers; the sequence number in it keeps
/// the watchdog from answering the next request with the last one's error.
/// </summary>
internal sealed unsafe class RequestContext : IDisposable
{
    internal const int RequestCapacity = 64 * 1024;

    /// <summary>The longest target of a symbolic link, without a zero byte.</summary>
    internal const int MaxLinkBytes = 4095;

    private const int Page = 4096;
    private const long Serving = 1;

    private readonly byte* _memory;
    private readonly nint _memoryLength;
    private readonly byte* _payload;
    private readonly int _payloadCapacity;
    private readonly long[] _counts = new long[Counters.Length];
    private RequestHead _head;
    private ReplyForm _form;
    private int _limit;
    private int _used;
    private long _startedAt;
    private long _state;

    internal RequestContext(FuseSession session, FuseChannel channel, int maxReadBytes)
    {
        Session = session;
        Channel = channel;
        _payloadCapacity = maxReadBytes;
        _memoryLength = RequestCapacity + Page + maxReadBytes;
        var memory = Libc.Map(0, _memoryLength, Libc.ProtectRead | Libc.ProtectWrite, Libc.MapPrivate | Libc.MapAnonymous, -1, 0);
        if (memory == -1)
        {
            throw new FuseException(FuseErrorKind.Kernel, "There is no memory for the buffers of a mount.", Libc.LastError);
        }

        _memory = (byte*)memory;
        _payload = _memory + RequestCapacity + Page;
    }

    internal FuseSession Session { get; }

    internal FuseChannel Channel { get; }

    internal byte* RequestBuffer => _memory;

    internal ulong Node => _head.Node;

    internal FuseCaller Caller => _head.Caller;

    internal RequestHead Head => _head;

    internal bool IsServing => (Volatile.Read(ref _state) & Serving) != 0;

    internal ReadOnlySpan<long> Counts => _counts;

    internal void Count(int counter) => Volatile.Write(ref _counts[counter], _counts[counter] + 1);

    /// <summary>A request has been read.</summary>
    /// <param name="head">What identifies it.</param>
    /// <param name="form">What its answer looks like.</param>
    /// <param name="limit">How many bytes the kernel takes as an answer, for those that have a limit.</param>
    internal void Begin(in RequestHead head, ReplyForm form, int limit)
    {
        _head = head;
        _form = form;
        _limit = Math.Clamp(limit, 0, _payloadCapacity);
        _used = 0;
        _startedAt = Environment.TickCount64;
        Volatile.Write(ref _state, (_state & ~Serving) + 2 + Serving);
    }

    /// <summary>The method that was to answer has returned or thrown.</summary>
    internal void End(Exception? exception)
    {
        if (exception is null && !IsServing)
        {
            return;
        }

        Count(Counters.Failures);
        if (exception is not null)
        {
            Log.RequestFailed(Session.Logger, exception, (FuseOpcode)_head.Opcode, _head.Node);
        }
        else
        {
            Log.RequestUnanswered(Session.Logger, (FuseOpcode)_head.Opcode, _head.Node);
        }

        Fail(FuseErrno.InputOutput);
    }

    /// <summary>Answers in the place of a thread that has been at it for too long.</summary>
    /// <param name="deadlineMilliseconds">How long is too long.</param>
    /// <param name="now">The time now.</param>
    /// <returns>Whether it was answered.</returns>
    internal bool Abandon(long deadlineMilliseconds, long now)
    {
        var state = Volatile.Read(ref _state);
        if ((state & Serving) == 0 || now - Volatile.Read(ref _startedAt) < deadlineMilliseconds)
        {
            return false;
        }

        var head = _head;
        if (Interlocked.CompareExchange(ref _state, state & ~Serving, state) != state)
        {
            return false;
        }

        Log.RequestOverdue(Session.Logger, (FuseOpcode)head.Opcode, head.Node);

        return Replies.Error(Channel, head.Unique, FuseErrno.InputOutput);
    }

    internal Span<byte> Payload(int length) => new(_payload, Math.Min(length, _payloadCapacity));

    internal void Fail(FuseErrno error) => FailExactly(Replies.Forgettable(error));

    /// <summary>Fails with an error that the kernel may remember.</summary>
    internal void FailExactly(FuseErrno error)
    {
        if (Claim())
        {
            Replies.Error(Channel, _head.Unique, error);
        }
    }

    internal void ReplyEntry(ulong node, in FuseAttributes attributes)
    {
        if (Claim(ReplyForm.Entry))
        {
            Replies.Entry(Session, Channel, _head.Unique, node, attributes);
        }
    }

    internal void ReplyMissing()
    {
        if (Claim(ReplyForm.Entry))
        {
            Replies.Missing(Session, Channel, _head.Unique);
        }
    }

    internal void ReplyAttributes(in FuseAttributes attributes)
    {
        if (Claim(ReplyForm.Attributes))
        {
            Replies.Attributes(Session, Channel, _head.Unique, attributes);
        }
    }

    internal void ReplyData(ReadOnlySpan<byte> data)
    {
        if (!Claim(ReplyForm.Data))
        {
            return;
        }

        if (data.Length > _limit)
        {
            Replies.Error(Channel, _head.Unique, FuseErrno.InputOutput);
        }
        else
        {
            Replies.Data(Channel, _head.Unique, data);
        }
    }

    /// <summary>Answers with the first bytes of the payload, header and payload in one piece.</summary>
    internal void ReplyPayload(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)_limit, nameof(length));
        if (Claim())
        {
            var header = (OutHeader*)(_payload - sizeof(OutHeader));
            *header = new OutHeader { Length = (uint)(sizeof(OutHeader) + length), Unique = _head.Unique };
            Channel.Write((byte*)header, sizeof(OutHeader) + length);
        }
    }

    internal void ReplySized(ReadOnlySpan<byte> value, int size)
    {
        if (Claim(ReplyForm.Sized))
        {
            Replies.Sized(Channel, _head.Unique, value, size);
        }
    }

    internal void ReplyStatistics(in FuseFileSystemStatistics statistics)
    {
        if (Claim(ReplyForm.Statistics))
        {
            Replies.Statistics(Channel, _head.Unique, statistics);
        }
    }

    internal void ReplyEmpty() => FailExactly(FuseErrno.None);

    internal void ReplyOpen(ulong handle, FuseOpenFlags flags)
    {
        if (Claim(ReplyForm.Open))
        {
            Replies.Open(Session, Channel, _head, handle, flags);
        }
    }

    internal bool TryReplyKept(ulong handle)
    {
        if (_head.Opcode != (uint)FuseOpcode.Open || !Session.Backings.TryOpenKept(_head.Node, out var backing))
        {
            return false;
        }

        if (Claim(ReplyForm.Open))
        {
            Count(Counters.PassthroughOpens);
            Replies.Kept(Session, Channel, _head, handle, backing);
        }
        else
        {
            Session.Backings.Release(_head.Node);
        }

        return true;
    }

    internal bool ReplyFile(SafeFileHandle file, ulong handle, FuseOpenFlags otherwise)
    {
        if (!Claim(ReplyForm.Open))
        {
            return false;
        }

        Replies.File(Session, Channel, _head, file, handle, otherwise, out var passesThrough);
        if (passesThrough)
        {
            Count(Counters.PassthroughOpens);
        }

        return passesThrough;
    }

    internal bool TryAddEntry(ReadOnlySpan<byte> name, ulong node, in FuseAttributes attributes, ulong nextOffset, bool isPlus, bool takesReference)
    {
        var head = isPlus ? sizeof(EntryOut) + sizeof(DirectoryEntry) : sizeof(DirectoryEntry);
        var length = (head + name.Length + 7) & ~7;
        if (name.IsEmpty || _used + length > _limit)
        {
            return false;
        }

        var to = _payload + _used;
        new Span<byte>(to, length).Clear();
        if (isPlus)
        {
            if (takesReference)
            {
                Replies.FillEntry(Session, ref *(EntryOut*)to, node, attributes);
            }

            to += sizeof(EntryOut);
        }

        *(DirectoryEntry*)to = new DirectoryEntry
        {
            Inode = attributes.Inode,
            NextOffset = nextOffset,
            NameLength = (uint)name.Length,
            Type = (attributes.Mode & FuseAttributes.TypeMask) >> 12,
        };
        name.CopyTo(new Span<byte>(to + sizeof(DirectoryEntry), name.Length));
        _used += length;

        return true;
    }

    internal void ReplyDirectory() => ReplyPayload(_used);

    /// <summary>Takes the request from this thread.</summary>
    /// <exception cref="InvalidOperationException">It is answered already.</exception>
    internal DeferredReply Defer()
    {
        var reply = new DeferredReply(Session, Channel, _head, _form, _limit);
        Session.InFlight.Add(reply);
        if (!Claim())
        {
            Session.InFlight.Remove(reply);
            reply.Disconnect();
        }

        Count(Counters.Deferred);

        return reply;
    }

    /// <summary>Reads all of a range, or fails.</summary>
    internal bool ReadFile(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            var length = RandomAccess.Read(file, buffer, offset);
            if (length <= 0)
            {
                Log.BackingFileShort(Session.Logger, _head.Node, offset);

                return false;
            }

            buffer = buffer[length..];
            offset += length;
        }

        return true;
    }

    public void Dispose() => _ = Libc.Unmap((nint)_memory, _memoryLength);

    private bool Claim(ReplyForm form)
    {
        if (form != _form)
        {
            throw new InvalidOperationException($"A request that is answered with {_form} was answered with {form}.");
        }

        return Claim();
    }

    private bool Claim()
    {
        var state = _state | Serving;

        return Interlocked.CompareExchange(ref _state, state & ~Serving, state) == state;
    }
}
