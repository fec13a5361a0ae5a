using System.Diagnostics.CodeAnalysis;
using Larder.Fuse.Serving;
using Microsoft.Win32.SafeHandles;

namespace Larder.Fuse.Requests;

/// <summary>
/// A request that was taken over, to be answered later from any thread, once. It is answered in any case: with EIO when the
/// deadline passes, with EINTR when its caller is being killed; <see cref="Cancellation"/> then tells that nobody waits any
/// more. Answering again does nothing and returns false.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The source has no timer and no link; only its token leaves, which outlives the answer.")]
public sealed class DeferredReply
{
    private readonly ReplyForm _form;
    private readonly CancellationTokenSource _cancellation = new();
    private int _answered;

    internal DeferredReply(FuseSession session, FuseChannel channel, in RequestHead head, ReplyForm form, int limit)
    {
        Session = session;
        Channel = channel;
        Head = head;
        _form = form;
        Limit = limit;
        StartedAt = Environment.TickCount64;
    }

    /// <summary>The node that was asked about.</summary>
    public ulong Node => Head.Node;

    /// <summary>Cancelled when the request is answered by somebody else, or its mount is gone: the work is of no use to it any more.</summary>
    public CancellationToken Cancellation => _cancellation.Token;

    internal FuseSession Session { get; }

    internal FuseChannel Channel { get; }

    internal RequestHead Head { get; }

    internal int Limit { get; }

    internal long StartedAt { get; }

    /// <summary>Answers a LOOKUP with a node.</summary>
    /// <param name="node">Its number, not 0.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <returns>Whether this was the answer.</returns>
    public bool ReplyEntry(ulong node, in FuseAttributes attributes) =>
        Claim(ReplyForm.Entry) && Finish(Replies.Entry(Session, Channel, Head.Unique, node, attributes));

    /// <summary>Answers a LOOKUP: there is no such name.</summary>
    /// <returns>Whether this was the answer.</returns>
    public bool ReplyMissing() => Claim(ReplyForm.Entry) && Finish(Replies.Missing(Session, Channel, Head.Unique));

    /// <summary>Answers a GETATTR.</summary>
    /// <param name="attributes">The attributes.</param>
    /// <returns>Whether this was the answer.</returns>
    public bool ReplyAttributes(in FuseAttributes attributes) =>
        Claim(ReplyForm.Attributes) && Finish(Replies.Attributes(Session, Channel, Head.Unique, attributes));

    /// <summary>Answers a READ or READLINK with bytes, or a GETXATTR or LISTXATTR with a whole value.</summary>
    /// <param name="data">The bytes; of a READ at most as many as were asked for.</param>
    /// <returns>Whether this was the answer.</returns>
    public bool ReplyData(ReadOnlySpan<byte> data)
    {
        if (!Claim(ReplyForm.Data, ReplyForm.Sized))
        {
            return false;
        }

        return Finish(_form == ReplyForm.Sized
            ? Replies.Sized(Channel, Head.Unique, data, Limit)
            : data.Length > Limit
                ? Replies.Error(Channel, Head.Unique, FuseErrno.InputOutput)
                : Replies.Data(Channel, Head.Unique, data));
    }

    /// <summary>Answers an OPEN or OPENDIR without a backing file.</summary>
    /// <param name="handle">What reads and the release will carry.</param>
    /// <param name="flags">How the kernel treats its cache.</param>
    /// <returns>Whether this was the answer.</returns>
    public bool ReplyOpen(ulong handle, FuseOpenFlags flags) =>
        Claim(ReplyForm.Open) && Finish(Replies.Open(Session, Channel, Head, handle, flags));

    /// <summary>Answers an OPEN with a backing file, or without where that is not possible.</summary>
    /// <param name="file">The file, open for reading. It may be closed as soon as this returns.</param>
    /// <param name="handle">What the release, and reads if there are any, will carry.</param>
    /// <param name="otherwise">How the kernel treats its cache when it cannot read the file by itself.</param>
    /// <param name="passesThrough">Whether the kernel reads by itself.</param>
    /// <returns>Whether this was the answer.</returns>
    public bool ReplyFile(SafeFileHandle file, ulong handle, FuseOpenFlags otherwise, out bool passesThrough)
    {
        passesThrough = false;

        return Claim(ReplyForm.Open)
            && Finish(Replies.File(Session, Channel, Head, file, handle, otherwise, out passesThrough));
    }

    /// <summary>Answers with an error.</summary>
    /// <param name="error">The error.</param>
    /// <returns>Whether this was the answer.</returns>
    public bool Fail(FuseErrno error) =>
        Claim(_form) && Finish(Replies.Error(Channel, Head.Unique, Replies.Forgettable(error)));

    /// <summary>Answers in place of the file system, and tells it.</summary>
    internal bool Abandon(FuseErrno error)
    {
        if (!Fail(error))
        {
            return false;
        }

        _ = _cancellation.CancelAsync();

        return true;
    }

    /// <summary>The connection is gone: nothing can be answered any more.</summary>
    internal void Disconnect()
    {
        if (Interlocked.Exchange(ref _answered, 1) == 0)
        {
            Session.InFlight.Remove(this);
            _ = _cancellation.CancelAsync();
        }
    }

    private bool Claim(ReplyForm form, ReplyForm other = ReplyForm.None)
    {
        if (form != _form && other != _form)
        {
            throw new InvalidOperationException($"A request that is answered with {_form} was answered with {form}.");
        }

        return Interlocked.Exchange(ref _answered, 1) == 0;
    }

    private bool Finish(bool sent)
    {
        Session.InFlight.Remove(this);

        return sent;
    }
}
