using System.Collections.Concurrent;
using Larder.Fuse;
using Larder.Fuse.Requests;

namespace Larder.Tests.Fuse;

/// <summary>
/// A small tree in memory whose operations tests can replace: the root (1) with the file "file" (2), the link "link" (3), the
/// directory "dir" (4) and as many files "nNNNNN" as asked for.
/// </summary>
internal sealed class ScriptedFileSystem : FuseFileSystem
{
    public const ulong FileNode = 2;
    public const ulong LinkNode = 3;
    public const ulong DirectoryNode = 4;

    public delegate void OnRead(ReadRequest request);

    public delegate void OnLookup(LookupRequest request);

    public delegate void OnOpen(OpenRequest request);

    public delegate void OnAttribute(ExtendedAttributeRequest request);

    public byte[] Content { get; init; } = [.. Enumerable.Range(0, 100_000).Select(static value => (byte)value)];

    public int Extra { get; init; }

    public OnRead? Reading { get; set; }

    public OnLookup? LookingUp { get; set; }

    public OnOpen? Opening { get; set; }

    public OnAttribute? Asking { get; set; }

    public ConcurrentDictionary<ulong, ulong> Forgotten { get; } = new();

    public ConcurrentQueue<(ulong Node, ulong Handle)> Released { get; } = new();

    public FuseConnection? Connection { get; private set; }

    public int Started { get; private set; }

    public static FuseAttributes AttributesOf(ulong node) => new()
    {
        Inode = node,
        Mode = node switch
        {
            RootNode or DirectoryNode => FuseAttributes.Directory | 0x1ED,
            LinkNode => FuseAttributes.SymbolicLink | 0x1FF,
            _ => FuseAttributes.RegularFile | 0xDA4,
        },
        LinkCount = 1,
        Size = 100_000,
        ModifySeconds = -5,
        ModifyNanoseconds = 123,
        UserId = 3_000_000_000,
    };

    public override void Start(FuseConnection connection)
    {
        Connection = connection;
        Started++;
    }

    public override void Lookup(LookupRequest request)
    {
        if (LookingUp is not null)
        {
            LookingUp(request);
        }
        else if (request.Name.SequenceEqual("file"u8))
        {
            request.Reply(FileNode, AttributesOf(FileNode));
        }
        else if (request.Name.SequenceEqual("dir"u8))
        {
            request.Reply(DirectoryNode, AttributesOf(DirectoryNode));
        }
        else
        {
            request.ReplyMissing();
        }
    }

    public override void Forget(ulong node, ulong count) => Forgotten.AddOrUpdate(node, count, (_, before) => before + count);

    public override void GetAttributes(AttributesRequest request) => request.Reply(AttributesOf(request.Node));

    public override void ReadLink(DataRequest request) => request.Reply("file"u8);

    public override void Open(OpenRequest request)
    {
        if (Opening is not null)
        {
            Opening(request);
        }
        else
        {
            request.Reply(77, FuseOpenFlags.KeepCache);
        }
    }

    public override void Read(ReadRequest request)
    {
        if (Reading is not null)
        {
            Reading(request);

            return;
        }

        var from = Content.AsSpan((int)Math.Min(request.Offset, Content.Length));
        from = from[..Math.Min(from.Length, request.Length)];
        from.CopyTo(request.Buffer);
        request.ReplyBuffer(from.Length);
    }

    public override void Release(ulong node, ulong handle) => Released.Enqueue((node, handle));

    public override void ReadDirectory(DirectoryRequest request)
    {
        for (var offset = request.Offset; offset < (ulong)(4 + Extra); offset++)
        {
            var (name, node) = Entry((int)offset);
            if (!request.TryAdd(name, node, AttributesOf(node == 0 ? RootNode : node), offset + 1))
            {
                break;
            }
        }

        request.Reply();
    }

    public override void GetExtendedAttribute(ExtendedAttributeRequest request)
    {
        if (Asking is not null)
        {
            Asking(request);
        }
        else if (request.Name.SequenceEqual("user.color"u8))
        {
            request.Reply("green"u8);
        }
        else
        {
            request.Fail(FuseErrno.NoData);
        }
    }

    public override void ListExtendedAttributes(ExtendedAttributeRequest request) => request.Reply("user.color\0"u8);

    public static (byte[] Name, ulong Node) Entry(int place) => place switch
    {
        0 => ("."u8.ToArray(), 0),
        1 => (".."u8.ToArray(), 0),
        2 => ("file"u8.ToArray(), FileNode),
        3 => ("dir"u8.ToArray(), DirectoryNode),
        _ => (System.Text.Encoding.UTF8.GetBytes($"n{place:D5}"), (ulong)(place + 100)),
    };
}
