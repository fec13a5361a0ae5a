using System.Buffers;
using Larder.Fuse;
using Larder.Fuse.Requests;
using Larder.Oci.Indexes;
using Larder.Oci.Layers;

namespace Larder.Oci.Mounting;

internal sealed partial class ImageFileSystem
{
    private const int NoObject = -1;

    /// <inheritdoc/>
    public override void Open(OpenRequest request)
    {
        if (!_tree.Contains(request.Node))
        {
            request.Fail(FuseErrno.Stale);
            return;
        }

        var node = (int)request.Node;
        _recorder?.Note(node);
        var item = request.CanPassThrough ? WholeObject(node) : NoObject;
        if (item == NoObject)
        {
            request.Reply(0, FuseOpenFlags.KeepCache);
            return;
        }

        if (request.TryReplyKept(0))
        {
            return;
        }

        if (_content.TryOpen(item, out var lease))
        {
            using (lease)
            {
                Pass(request, lease);
            }

            return;
        }

        // The reader would wait for the whole object anyway; once it is here, the kernel reads it by itself.
        var reply = request.Defer();
        _ = Task.Run(() => OpenLaterAsync(reply, item));
    }

    /// <inheritdoc/>
    public override void Read(ReadRequest request)
    {
        if (!_tree.Contains(request.Node) || _tree.GetNode((int)request.Node).Type != LayerEntryType.File || request.Offset < 0)
        {
            request.Fail(FuseErrno.Invalid);
            return;
        }

        var number = (int)request.Node;
        ref readonly var node = ref _tree.GetNode(number);
        var length = (int)Math.Clamp(node.Size - request.Offset, 0, request.Length);
        _recorder?.Note(number);
        if (TryReadAtHand(request.Buffer[..length], number, request.Offset))
        {
            _content.NoteRead(node.Layer, length);
            request.ReplyBuffer(length);
            return;
        }

        // Away from this thread at once: opening an object may verify all of it.
        var reply = request.Defer();
        var offset = request.Offset;
        _ = Task.Run(() => ReadLaterAsync(reply, number, offset, length));
    }

    private static void Pass(OpenRequest request, in ObjectLease lease)
    {
        if (lease is { IsWholeFile: true, Offset: 0 })
        {
            request.ReplyFile(lease.File, 0);
        }
        else
        {
            request.Reply(0, FuseOpenFlags.KeepCache);
        }
    }

    // The object whose bytes are those of the file, all of them and nothing else: the kernel maps a backing file whole.
    private int WholeObject(int node)
    {
        if (_tree.GetExtents(node) is not [{ Offset: 0, ObjectOffset: 0 } only])
        {
            return NoObject;
        }

        ref readonly var item = ref _tree.Objects[only.Object];
        return item.Value.Kind == LayerObjectKind.File && item.Value.Length == only.Length && only.Length == _tree.GetNode(node).Size
            ? only.Object
            : NoObject;
    }

    private bool TryReadAtHand(Span<byte> destination, int node, long offset)
    {
        var parts = new ExtentCursor(_tree, node, offset, destination.Length);
        while (parts.MoveNext())
        {
            var part = parts.Current;
            var target = destination.Slice(part.Start, part.Length);
            if (part.Object < 0)
            {
                target.Clear();
                continue;
            }

            if (!_content.TryOpen(part.Object, out var lease))
            {
                return false;
            }

            using (lease)
            {
                ImageContent.ReadFully(lease, part, target);
            }
        }

        return true;
    }

    private async Task OpenLaterAsync(DeferredReply reply, int item)
    {
        try
        {
            using var lease = await _content.OpenAsync(item, reply.Cancellation).ConfigureAwait(false);
            if (lease is { IsWholeFile: true, Offset: 0 })
            {
                reply.ReplyFile(lease.File, 0, FuseOpenFlags.KeepCache, out _);
            }
            else
            {
                reply.ReplyOpen(0, FuseOpenFlags.KeepCache);
            }
        }
        catch (Exception exception)
        {
            Fail(reply, exception);
        }
    }

    private async Task ReadLaterAsync(DeferredReply reply, int node, long offset, int length)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var read = await _content.ReadAsync(node, offset, buffer.AsMemory(0, length), reply.Cancellation).ConfigureAwait(false);
            _content.NoteRead(_tree.GetNode(node).Layer, read);
            reply.ReplyData(buffer.AsSpan(0, read));
        }
        catch (Exception exception)
        {
            Fail(reply, exception);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Fail(DeferredReply reply, Exception exception)
    {
        if (exception is not OperationCanceledException)
        {
            Log.ReadFailed(_logger, exception, ImagePaths.Show(_tree, (int)reply.Node));
        }

        reply.Fail(exception is OciException { Kind: OciErrorKind.Storage } ? FuseErrno.NoSpace : FuseErrno.InputOutput);
    }
}
