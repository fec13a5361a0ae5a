using Larder.Fuse;
using Larder.Fuse.Passthrough;
using Larder.Fuse.Takeover;
using Larder.Fuse.Wire;

namespace Larder.Tests.Fuse;

/// <summary>Which nodes are open how, as a predecessor left it and as the kernel then opens and releases.</summary>
public sealed class BackingsTests
{
    private const ulong Passed = 9;
    private const ulong Cached = 10;
    private const ulong Fresh = 11;

    private static readonly FuseMountOptions Options = new() { MountPoint = "/nowhere", IdleBackingTime = TimeSpan.FromDays(1) };

    [Fact]
    public async Task A_node_stays_open_in_the_way_that_its_first_open_chose()
    {
        using var file = File.OpenHandle("/dev/null");
        await using var kernel = Successor(new ScriptedFileSystem
        {
            Opening = request =>
            {
                if (!request.CanPassThrough || !request.TryReplyKept(5))
                {
                    request.ReplyFile(file, 6);
                }
            },
        });

        var passed = Open(kernel, Passed);
        var cached = Open(kernel, Cached);
        var fresh = Open(kernel, Fresh); // The other end is no device and takes no backing file.

        Assert.Equal((5ul, OpenOut.PassthroughFlag, 4), (passed.Handle, passed.Flags, passed.Backing));
        Assert.Equal((6ul, (uint)FuseOpenFlags.KeepCache, 0), (cached.Handle, cached.Flags, cached.Backing));
        Assert.Equal((6ul, (uint)FuseOpenFlags.KeepCache, 0), (fresh.Handle, fresh.Flags, fresh.Backing));
        Assert.Equal(
            [new BackingRow { Node = Passed, Backing = 4, Opens = 3 }, new BackingRow { Node = Cached, Opens = 2 }, new BackingRow { Node = Fresh, Opens = 1 }],
            Rows(kernel));
    }

    [Fact]
    public async Task An_open_that_wants_no_backing_file_gets_the_one_that_is_open()
    {
        await using var kernel = Successor(new ScriptedFileSystem());

        var open = Open(kernel, Passed);

        Assert.Equal((77ul, OpenOut.PassthroughFlag, 4), (open.Handle, open.Flags, open.Backing));
    }

    [Fact]
    public async Task Releases_count_down_and_idle_backing_files_are_let_go()
    {
        await using var kernel = Successor(new ScriptedFileSystem());

        Release(kernel, Passed);
        Release(kernel, Passed);
        Release(kernel, Cached);
        kernel.Session.Backings.CloseIdle(Environment.TickCount64);
        Assert.Equal([new BackingRow { Node = Passed, Backing = 4 }], Rows(kernel));
        Assert.True(kernel.Session.Backings.CanPassThrough(Cached));

        kernel.Session.Backings.CloseIdle(Environment.TickCount64 + (long)TimeSpan.FromDays(2).TotalMilliseconds);
        Assert.Empty(Rows(kernel));
        Release(kernel, Passed); // One too many does no harm.
        Assert.Empty(Rows(kernel));
    }

    [Fact]
    public async Task An_idle_backing_file_that_is_opened_again_is_not_let_go()
    {
        await using var kernel = Successor(new ScriptedFileSystem());
        Release(kernel, Passed);
        Release(kernel, Passed);

        Open(kernel, Passed);
        kernel.Session.Backings.CloseIdle(long.MaxValue / 2);

        Assert.Contains(new BackingRow { Node = Passed, Backing = 4, Opens = 1 }, Rows(kernel));
    }

    [Fact]
    public async Task At_most_so_many_idle_backing_files_are_kept()
    {
        await using var kernel = Successor(new ScriptedFileSystem(), Options with { IdleBackings = 0 });

        Release(kernel, Passed);
        Release(kernel, Passed);
        kernel.AssertQuiet();

        Assert.Equal([Cached], Rows(kernel).Select(static row => row.Node));
    }

    [Fact]
    public async Task More_opens_than_can_be_counted_go_without_until_they_are_released()
    {
        await using var kernel = Successor(new ScriptedFileSystem());
        var backings = kernel.Session.Backings;
        const ulong First = 100;
        const ulong Last = First + 65_536;

        for (var node = First; node <= Last; node++)
        {
            Assert.Equal(0, backings.OpenWithout(node));
        }

        Assert.False(backings.CanPassThrough(Last + 1));
        for (var node = First; node <= Last; node++)
        {
            backings.Release(node);
        }

        Assert.True(backings.CanPassThrough(Last + 1));
        Assert.Equal([Passed, Cached], Rows(kernel).Select(static row => row.Node));
    }

    [Fact]
    public async Task Nothing_is_counted_where_there_is_no_passthrough()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem(), Options with { Passthrough = false });

        Open(kernel, Fresh);

        Assert.Empty(Rows(kernel));
        Assert.False(kernel.Session.Backings.CanPassThrough(Fresh));
    }

    private static FakeKernel Successor(ScriptedFileSystem files, FuseMountOptions? options = null)
    {
        var state = MountState.Create([]);
        state.StoreNegotiated(new FuseConnection
        {
            Minor = 45, MaxReadBytes = 1024 * 1024, Passthrough = true, NoOpen = false, Resend = true, Features = (ulong)Feature.Passthrough,
        });
        state.Rows[0] = new BackingRow { Node = Passed, Backing = 4, Opens = 2 };
        state.Rows[5] = new BackingRow { Node = Cached, Opens = 1 };
        var kernel = new FakeKernel(files, options ?? Options, state);
        Assert.Equal(7, kernel.Receive().Error); // It asks for what was left.

        return kernel;
    }

    private static OpenOut Open(FakeKernel kernel, ulong node) =>
        kernel.Call(FuseOpcode.Open, node, FakeKernel.Bytes(default(OpenIn))).Ok<OpenOut>();

    private static void Release(FakeKernel kernel, ulong node)
    {
        Assert.Equal(0, kernel.Call(FuseOpcode.Release, node, FakeKernel.Bytes(default(ReleaseIn))).Error);
        kernel.AssertQuiet(); // It is counted after its answer.
    }

    private static BackingRow[] Rows(FakeKernel kernel) =>
        [.. kernel.Session.State.Rows.ToArray().Where(static row => row.Node != 0).OrderBy(static row => row.Node)];
}
