using System.Runtime.CompilerServices;
using Larder.Fuse.Wire;
using Microsoft.Win32.SafeHandles;

namespace Larder.Fuse.Serving;

/// <summary>Writers of answers. Each writes one message on the channel that the request came from.</summary>
internal static unsafe class Replies
{
    internal static bool Error(FuseChannel channel, ulong unique, FuseErrno error)
    {
        var header = new OutHeader { Length = (uint)sizeof(OutHeader), Error = -(int)error, Unique = unique };

        return channel.Write((byte*)&header, sizeof(OutHeader));
    }

    internal static bool Entry(FuseSession session, FuseChannel channel, ulong unique, ulong node, in FuseAttributes attributes)
    {
        if ((attributes.Mode & FuseAttributes.TypeMask) != FuseAttributes.Directory)
        {
            session.Listing.FileLookedUp();
        }

        Message<EntryOut> message = default;
        FillEntry(session, ref message.Body, node, attributes);

        return Send(channel, unique, ref message);
    }

    internal static bool Missing(FuseSession session, FuseChannel channel, ulong unique)
    {
        if (session.Ttl.NegativeIsZero)
        {
            return Error(channel, unique, FuseErrno.NotFound);
        }

        Message<EntryOut> message = default;
        message.Body.EntrySeconds = session.Ttl.NegativeSeconds;
        message.Body.EntryNanoseconds = session.Ttl.NegativeNanoseconds;

        return Send(channel, unique, ref message);
    }

    internal static bool Attributes(FuseSession session, FuseChannel channel, ulong unique, in FuseAttributes attributes)
    {
        Message<AttributesOut> message = default;
        message.Body.Seconds = session.Ttl.AttributeSeconds;
        message.Body.Nanoseconds = session.Ttl.AttributeNanoseconds;
        message.Body.Attributes = attributes;

        return Send(channel, unique, ref message);
    }

    internal static bool Data(FuseChannel channel, ulong unique, ReadOnlySpan<byte> data)
    {
        var header = new OutHeader { Length = (uint)(sizeof(OutHeader) + data.Length), Unique = unique };

        return channel.Write((byte*)&header, sizeof(OutHeader), data);
    }

    /// <summary>The whole value, its length when that is asked for, or ERANGE.</summary>
    internal static bool Sized(FuseChannel channel, ulong unique, ReadOnlySpan<byte> value, int size)
    {
        if (size == 0)
        {
            Message<SizeAndPadding> message = default;
            message.Body.Size = (uint)value.Length;

            return Send(channel, unique, ref message);
        }

        return value.Length > size ? Error(channel, unique, FuseErrno.Range) : Data(channel, unique, value);
    }

    internal static bool Statistics(FuseChannel channel, ulong unique, in FuseFileSystemStatistics statistics)
    {
        Message<StatisticsOut> message = default;
        message.Body.Blocks = statistics.Blocks;
        message.Body.FreeBlocks = statistics.FreeBlocks;
        message.Body.AvailableBlocks = statistics.FreeBlocks;
        message.Body.Nodes = statistics.Nodes;
        message.Body.FreeNodes = statistics.FreeNodes;
        message.Body.BlockSize = statistics.BlockSize;
        message.Body.FragmentSize = statistics.BlockSize;
        message.Body.MaxNameLength = statistics.MaxNameLength;

        return Send(channel, unique, ref message);
    }

    internal static bool Open(FuseSession session, FuseChannel channel, in RequestHead head, ulong handle, FuseOpenFlags flags)
    {
        if (head.Opcode == (uint)FuseOpcode.OpenDirectory)
        {
            return SendOpen(channel, head.Unique, handle, flags, 0);
        }

        return SendCounted(session, channel, head, handle, flags, session.Backings.OpenWithout(head.Node));
    }

    internal static bool File(
        FuseSession session,
        FuseChannel channel,
        in RequestHead head,
        SafeFileHandle file,
        ulong handle,
        FuseOpenFlags otherwise,
        out bool passesThrough)
    {
        var backing = session.Backings.OpenFile(head.Node, file);
        passesThrough = backing > 0;

        return SendCounted(session, channel, head, handle, otherwise, backing);
    }

    internal static bool Kept(FuseSession session, FuseChannel channel, in RequestHead head, ulong handle, int backing) =>
        SendCounted(session, channel, head, handle, FuseOpenFlags.None, backing);

    /// <summary>
    /// What a file system may not say by accident, because the kernel would never ask for the operation again.
    /// </summary>
    internal static FuseErrno Forgettable(FuseErrno error) =>
        error == FuseErrno.NotImplemented ? FuseErrno.NotSupported : error;

    internal static void FillEntry(FuseSession session, ref EntryOut entry, ulong node, in FuseAttributes attributes)
    {
        entry.Node = node;
        entry.EntrySeconds = session.Ttl.EntrySeconds;
        entry.EntryNanoseconds = session.Ttl.EntryNanoseconds;
        entry.AttributeSeconds = session.Ttl.AttributeSeconds;
        entry.AttributeNanoseconds = session.Ttl.AttributeNanoseconds;
        entry.Attributes = attributes;
    }

    // The open is counted before it is answered, and taken back when nobody got the answer: what is counted is never less
    // than what the kernel has open.
    private static bool SendCounted(
        FuseSession session, FuseChannel channel, in RequestHead head, ulong handle, FuseOpenFlags flags, int backing)
    {
        var sent = SendOpen(channel, head.Unique, handle, flags, backing);
        if (!sent)
        {
            session.Backings.Release(head.Node);
        }

        return sent;
    }

    private static bool SendOpen(FuseChannel channel, ulong unique, ulong handle, FuseOpenFlags flags, int backing)
    {
        Message<OpenOut> message = default;
        message.Body.Handle = handle;
        message.Body.Flags = backing > 0 ? OpenOut.PassthroughFlag : (uint)flags;
        message.Body.Backing = Math.Max(backing, 0);

        return Send(channel, unique, ref message);
    }

    private static bool Send<TBody>(FuseChannel channel, ulong unique, ref Message<TBody> message)
        where TBody : unmanaged
    {
        message.Header.Length = (uint)sizeof(Message<TBody>);
        message.Header.Unique = unique;

        return channel.Write((byte*)Unsafe.AsPointer(ref message), sizeof(Message<TBody>));
    }

    private struct Message<TBody>
        where TBody : unmanaged
    {
        public OutHeader Header;
        public TBody Body;
    }
}
