using Larder.Fuse;
using Larder.Fuse.Requests;
using Microsoft.Win32.SafeHandles;

namespace Larder.Samples.Mirror;

/// <summary>Serves a <see cref="MirrorTree"/>. Handles are node numbers, so a successor understands them.</summary>
internal sealed class MirrorFileSystem(MirrorTree tree, MirrorOptions options) : FuseFileSystem
{
    private readonly OpenFile?[] _files = new OpenFile?[tree.Count + 1];

    public override void Lookup(LookupRequest request)
    {
        var found = tree[request.Parent]?.Find(request.Name) ?? 0;
        if (found == 0)
        {
            request.ReplyMissing();
        }
        else
        {
            request.Reply(found, tree[found]!.Attributes);
        }
    }

    public override void GetAttributes(AttributesRequest request)
    {
        if (tree[request.Node] is { } node)
        {
            request.Reply(node.Attributes);
        }
        else
        {
            request.Fail(FuseErrno.Stale);
        }
    }

    public override void ReadLink(DataRequest request)
    {
        if (tree[request.Node] is { Target.Length: > 0 } node)
        {
            request.Reply(node.Target);
        }
        else
        {
            request.Fail(FuseErrno.Invalid);
        }
    }

    public override void Open(OpenRequest request)
    {
        if (tree[request.Node] is not { } node)
        {
            request.Fail(FuseErrno.Stale);

            return;
        }

        // The kernel reads files by itself, if it may, and then this process opens them only for a moment.
        var wantsPassthrough = node.Attributes.Size >= options.PassthroughFrom && request.CanPassThrough;
        if (wantsPassthrough && request.TryReplyKept(request.Node))
        {
            return;
        }

        var file = Use(request.Node, node);
        if (!wantsPassthrough)
        {
            request.Reply(request.Node, FuseOpenFlags.KeepCache);
        }
        else if (request.ReplyFile(file, request.Node))
        {
            Leave(request.Node);
        }
    }

    public override void Read(ReadRequest request)
    {
        if (tree[request.Node] is not { } node)
        {
            request.Fail(FuseErrno.Stale);

            return;
        }

        var length = (int)Math.Clamp((long)node.Attributes.Size - request.Offset, 0, request.Length);
        var file = _files[request.Node]?.Handle ?? Use(request.Node, node);
        if (options.ReadDelay == TimeSpan.Zero)
        {
            request.ReplyFrom(file, request.Offset, length);
        }
        else
        {
            _ = ReadLaterAsync(request.Defer(), file, request.Offset, length);
        }
    }

    public override void Release(ulong node, ulong handle) => Leave(node);

    public override void ReadDirectory(DirectoryRequest request)
    {
        if (tree[request.Node] is not { IsDirectory: true } node)
        {
            request.Fail(FuseErrno.NotDirectory);

            return;
        }

        for (var offset = request.Offset; offset < (ulong)node.Names.Count + 2; offset++)
        {
            var added = offset switch
            {
                0 => request.TryAdd("."u8, 0, node.Attributes, 1),
                1 => request.TryAdd(".."u8, 0, tree[node.Parent]!.Attributes, 2),
                _ => request.TryAdd(
                    node.Names[(int)offset - 2].Name,
                    node.Names[(int)offset - 2].Node,
                    tree[node.Names[(int)offset - 2].Node]!.Attributes,
                    offset + 1),
            };
            if (!added)
            {
                break;
            }
        }

        request.Reply();
    }

    public override void GetExtendedAttribute(ExtendedAttributeRequest request)
    {
        if (HostFiles.GetExtendedAttribute(tree[request.Node]!.Path, request.Name) is { } value)
        {
            request.Reply(value);
        }
        else
        {
            request.Fail(FuseErrno.NoData);
        }
    }

    public override void ListExtendedAttributes(ExtendedAttributeRequest request) =>
        request.Reply(HostFiles.ListExtendedAttributes(tree[request.Node]!.Path));

    public override void GetStatistics(StatisticsRequest request) =>
        request.Reply(new FuseFileSystemStatistics { Nodes = (ulong)tree.Count });

    private async Task ReadLaterAsync(DeferredReply reply, SafeFileHandle file, long offset, int length)
    {
        try
        {
            await Task.Delay(options.ReadDelay, reply.Cancellation);
            var buffer = new byte[length];
            var read = 0;
            while (read < length && await RandomAccess.ReadAsync(file, buffer.AsMemory(read), offset + read) is var more and > 0)
            {
                read += more;
            }

            reply.ReplyData(buffer.AsSpan(0, read));
        }
        catch (OperationCanceledException)
        {
            // Nobody waits any more.
        }
        catch (Exception)
        {
            reply.Fail(FuseErrno.InputOutput);
        }
    }

    private SafeFileHandle Use(ulong number, MirrorTree.Node node)
    {
        lock (node)
        {
            var file = _files[number] ??= new OpenFile(File.OpenHandle(node.Path));
            file.Users++;

            return file.Handle;
        }
    }

    private void Leave(ulong number)
    {
        if (tree[number] is not { } node)
        {
            return;
        }

        lock (node)
        {
            if (_files[number] is { } file && --file.Users <= 0)
            {
                _files[number] = null;
                file.Handle.Dispose();
            }
        }
    }

    private sealed class OpenFile(SafeFileHandle handle)
    {
        public SafeFileHandle Handle { get; } = handle;

        public int Users { get; set; }
    }
}
