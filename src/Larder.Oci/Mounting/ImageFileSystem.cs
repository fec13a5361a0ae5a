using System.Buffers;
using Larder.Fuse;
using Larder.Fuse.Requests;
using Larder.Oci.Indexes;
using Larder.Oci.Merging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Oci.Mounting;

/// <summary>An image as the kernel sees it.</summary>
/// <remarks>
/// A node's number is its row in the tree, handles are always 0 and nothing is kept between requests, so that a successor
/// process answers what its predecessor was asked. Names, attributes and what is at hand are answered on the thread that asked,
/// without an allocation; what has to be fetched is answered later.
/// </remarks>
internal sealed partial class ImageFileSystem : FuseFileSystem
{
    private const int BlockBytes = 512;
    private const int StackListBytes = 1_024;

    private readonly ImageTree _tree;
    private readonly ImageContent _content;
    private readonly FileRecorder? _recorder;
    private readonly ILogger _logger;

    public ImageFileSystem(ImageContent content, FileRecorder? recorder = null, ILogger? logger = null)
    {
        _tree = content.Tree;
        _content = content;
        _recorder = recorder;
        _logger = logger ?? NullLogger.Instance;
    }

    /// <inheritdoc/>
    public override void Lookup(LookupRequest request)
    {
        if (!_tree.Contains(request.Parent))
        {
            request.Fail(FuseErrno.Stale);
            return;
        }

        var found = _tree.Find((int)request.Parent, request.Name);
        if (found == 0)
        {
            request.ReplyMissing();
            return;
        }

        request.Reply((ulong)found, Attributes(found));
    }

    /// <inheritdoc/>
    public override void GetAttributes(AttributesRequest request)
    {
        if (_tree.Contains(request.Node))
        {
            request.Reply(Attributes((int)request.Node));
        }
        else
        {
            request.Fail(FuseErrno.Stale);
        }
    }

    /// <inheritdoc/>
    public override void ReadLink(DataRequest request)
    {
        var target = _tree.Contains(request.Node) ? _tree.GetTarget((int)request.Node) : [];
        if (target.IsEmpty)
        {
            request.Fail(FuseErrno.Invalid);
        }
        else
        {
            request.Reply(target);
        }
    }

    /// <inheritdoc/>
    public override void ReadDirectory(DirectoryRequest request)
    {
        if (!_tree.Contains(request.Node) || _tree.GetNode((int)request.Node).Type != LayerEntryType.Directory)
        {
            request.Fail(FuseErrno.NotDirectory);
            return;
        }

        // The offset is the number of entries before, '.' and '..' counted.
        var directory = (int)request.Node;
        var count = _tree.GetEntryCount(directory) + 2;
        for (var at = (int)Math.Min(request.Offset, (ulong)count); at < count; at++)
        {
            var next = (ulong)at + 1;
            var isAdded = at switch
            {
                0 => request.TryAdd("."u8, 0, Attributes(directory), next),
                1 => request.TryAdd(".."u8, 0, Attributes(_tree.GetNode(directory).Parent), next),
                _ => request.TryAdd(_tree.GetEntry(directory, at - 2, out var node), (ulong)node, Attributes(node), next),
            };
            if (!isAdded)
            {
                break;
            }
        }

        request.Reply();
    }

    /// <inheritdoc/>
    public override void GetStatistics(StatisticsRequest request) => request.Reply(new FuseFileSystemStatistics
    {
        Blocks = (ulong)((_tree.FileBytes + 4_095) / 4_096),
        Nodes = (ulong)_tree.NodeCount,
    });

    /// <inheritdoc/>
    public override void GetExtendedAttribute(ExtendedAttributeRequest request)
    {
        if (_tree.Contains(request.Node))
        {
            var xattrs = _tree.GetXattrs((int)request.Node);
            for (var number = 0; number < xattrs.Count; number++)
            {
                if (request.Name.SequenceEqual(xattrs[number].Name))
                {
                    request.Reply(xattrs[number].Value);
                    return;
                }
            }
        }

        request.Fail(FuseErrno.NoData);
    }

    /// <inheritdoc/>
    public override void ListExtendedAttributes(ExtendedAttributeRequest request)
    {
        var xattrs = _tree.Contains(request.Node) ? _tree.GetXattrs((int)request.Node) : [];
        var length = 0;
        for (var number = 0; number < xattrs.Count; number++)
        {
            length += xattrs[number].Name.Length + 1;
        }

        var rented = length > StackListBytes ? ArrayPool<byte>.Shared.Rent(length) : null;
        var list = rented is null ? stackalloc byte[StackListBytes] : rented;
        var at = 0;
        for (var number = 0; number < xattrs.Count; number++)
        {
            xattrs[number].Name.CopyTo(list[at..]);
            at += xattrs[number].Name.Length;
            list[at++] = 0;
        }

        request.Reply(list[..length]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private FuseAttributes Attributes(int number)
    {
        ref readonly var node = ref _tree.GetNode(number);
        return new FuseAttributes
        {
            Inode = (ulong)number,
            Size = (ulong)node.Size,
            Blocks = (ulong)((node.StoredBytes + BlockBytes - 1) / BlockBytes),
            AccessSeconds = node.ModifiedSeconds,
            ModifySeconds = node.ModifiedSeconds,
            ChangeSeconds = node.ModifiedSeconds,
            AccessNanoseconds = node.ModifiedNanoseconds,
            ModifyNanoseconds = node.ModifiedNanoseconds,
            ChangeNanoseconds = node.ModifiedNanoseconds,
            Mode = TypeBits(node.Type) | node.Mode,
            LinkCount = node.LinkCount,
            UserId = node.UserId,
            GroupId = node.GroupId,
            Device = FuseAttributes.EncodeDevice(node.DeviceMajor, node.DeviceMinor),
        };
    }

    private static uint TypeBits(LayerEntryType type) => type switch
    {
        LayerEntryType.Directory => FuseAttributes.Directory,
        LayerEntryType.Symlink => FuseAttributes.SymbolicLink,
        LayerEntryType.CharacterDevice => FuseAttributes.CharacterDevice,
        LayerEntryType.BlockDevice => FuseAttributes.BlockDevice,
        LayerEntryType.Fifo => FuseAttributes.Pipe,
        _ => FuseAttributes.RegularFile,
    };
}
