using System.Collections.Concurrent;
using Larder.Fuse;
using Larder.Fuse.Requests;
using Larder.Fuse.Serving;
using Larder.Fuse.Takeover;
using Larder.Fuse.Wire;

namespace Larder.Tests.Fuse;

/// <summary>Answers that come later: in any order, too late, or not at all.</summary>
public sealed class DeferredReplyTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Answers_may_come_in_any_order()
    {
        var deferred = new BlockingCollection<(long Offset, DeferredReply Reply)>();
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem
        {
            Reading = request => deferred.Add((request.Offset, request.Defer())),
        });
        var first = kernel.SendRead(2, 1, 4096);
        var second = kernel.SendRead(2, 2, 4096);
        var inline = kernel.Lookup(1, "file");

        Assert.Equal(0, inline.Error);
        (long Offset, DeferredReply Reply)[] taken = [deferred.Take(), deferred.Take()];
        Assert.Equal(2, kernel.Session.GetStatistics().InFlight);
        foreach (var (offset, reply) in taken.Reverse())
        {
            await Task.Run(() => Assert.True(reply.ReplyData([(byte)offset])));
        }

        Assert.Equal(second, kernel.Receive().Unique);
        Assert.Equal([1], kernel.WaitFor(first).Data());
        Assert.Equal(0, kernel.Session.GetStatistics().InFlight);
        Assert.False(taken[0].Reply.ReplyData([3]));
        Assert.False(taken[0].Reply.Fail(FuseErrno.InputOutput));
        kernel.AssertQuiet();
    }

    [Fact]
    public async Task Every_form_can_be_answered_later()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem
        {
            LookingUp = static request => Later(request.Defer(), reply => reply.ReplyEntry(2, ScriptedFileSystem.AttributesOf(2))),
            Opening = static request => Later(request.Defer(), static reply =>
            {
                using var file = File.OpenHandle("/dev/null");

                return reply.ReplyFile(file, 9, FuseOpenFlags.KeepCache, out _);
            }),
            Asking = static request => Later(request.Defer(), static reply => reply.ReplyData("green"u8)),
            Reading = static request => Later(request.Defer(), static reply => reply.Fail(FuseErrno.NoSpace)),
        });

        Assert.Equal(2ul, kernel.Lookup(1, "file").Ok<EntryOut>().Node);
        Assert.Equal(9ul, kernel.Call(FuseOpcode.Open, 2, new byte[8]).Ok<OpenOut>().Handle);
        Assert.Equal(5u, kernel.Call(FuseOpcode.GetExtendedAttribute, 2, [.. new byte[8], 97, 0]).Ok<SizeAndPadding>().Size);
        Assert.Equal(FuseErrno.Range, kernel.Call(FuseOpcode.GetExtendedAttribute, 2, [1, .. new byte[7], 97, 0]).Errno);
        Assert.Equal(FuseErrno.NoSpace, kernel.Read(2, 0, 4096).Errno);
        kernel.AssertQuiet();

        static void Later(DeferredReply reply, Func<DeferredReply, bool> answer) => _ = Task.Run(() => answer(reply));
    }

    [Fact]
    public async Task The_wrong_form_is_a_mistake_of_the_file_system()
    {
        DeferredReply? taken = null;
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem { Reading = request => taken = request.Defer() });
        var unique = kernel.SendRead(2, 0, 4096);
        kernel.AssertQuiet();

        Assert.Throws<InvalidOperationException>(() => taken!.ReplyMissing());
        Assert.True(taken!.ReplyData([]));
        Assert.Equal(0, kernel.WaitFor(unique).Error);
    }

    [Fact]
    public async Task What_is_never_answered_fails_after_the_deadline()
    {
        DeferredReply? taken = null;
        var options = new FuseMountOptions { MountPoint = "/nowhere", RequestDeadline = TimeSpan.FromMilliseconds(100) };
        await using var kernel = FakeKernel.Greeted(
            new ScriptedFileSystem { Reading = request => taken = request.Defer() }, options);

        var answer = kernel.Read(2, 0, 4096);

        Assert.Equal(FuseErrno.InputOutput, answer.Errno);
        kernel.AssertQuiet();
        var told = new TaskCompletionSource();
        await using var registration = taken!.Cancellation.Register(told.SetResult);
        await told.Task.WaitAsync(Patience);
        Assert.False(taken.ReplyData([1]));
        kernel.AssertQuiet();
    }

    [Fact]
    public async Task A_stuck_thread_does_not_leave_its_caller_waiting()
    {
        using var release = new ManualResetEventSlim();
        var options = new FuseMountOptions { MountPoint = "/nowhere", RequestDeadline = TimeSpan.FromMilliseconds(100) };
        await using var kernel = FakeKernel.Greeted(
            new ScriptedFileSystem
            {
                LookingUp = request =>
                {
                    release.Wait(Patience);
                    request.ReplyMissing();
                },
            },
            options,
            threads: 2);

        var answer = kernel.Lookup(1, "stuck");
        Assert.Equal(FuseErrno.InputOutput, answer.Errno);
        Assert.Equal(4096, kernel.Read(2, 0, 4096).Data().Length); // The other thread serves.

        release.Set();
        kernel.AssertQuiet();
        Assert.Equal(0, kernel.Lookup(1, "again").Error);
    }

    [Fact]
    public async Task A_signal_that_does_not_kill_changes_nothing()
    {
        var deferred = new BlockingCollection<DeferredReply>();
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem { Reading = request => deferred.Add(request.Defer()) });
        kernel.Send(FuseOpcode.Read, 2, 1000, (uint)Environment.ProcessId, FakeKernel.Bytes(new ReadIn { Size = 4096 }));
        var reply = deferred.Take();

        kernel.Send(FuseOpcode.Interrupt, 0, FakeKernel.Bytes(1000ul));
        kernel.Send(FuseOpcode.Interrupt, 0, FakeKernel.Bytes(4711ul)); // Answered or never seen: nothing to do.
        kernel.AssertQuiet();

        Assert.True(reply.ReplyData([7]));
        Assert.Equal([7], kernel.WaitFor(1000).Data());
    }

    [Fact]
    public async Task The_end_of_the_connection_is_told()
    {
        DeferredReply? taken = null;
        var kernel = FakeKernel.Greeted(new ScriptedFileSystem { Reading = request => taken = request.Defer() });
        kernel.SendRead(2, 0, 4096);
        kernel.AssertQuiet();

        await kernel.DisposeAsync();

        var told = new TaskCompletionSource();
        await using var registration = taken!.Cancellation.Register(told.SetResult);
        await told.Task.WaitAsync(Patience);
        Assert.False(taken.ReplyData([1]));
    }

    [Fact]
    public async Task A_successor_asks_for_what_was_left_and_is_not_greeted()
    {
        var state = MountState.Create("tree 7"u8);
        await using (var predecessor = new FakeKernel(new ScriptedFileSystem(), state: Share(state)))
        {
            predecessor.Greet(7, 45, FakeKernel.AllFeatures);
        }

        var files = new ScriptedFileSystem();
        await using var kernel = new FakeKernel(files, state: Share(state));

        var notice = kernel.Receive();
        Assert.Equal((0ul, 7), (notice.Unique, notice.Error));
        Assert.Empty(notice.Body);
        await kernel.Session.Negotiated.WaitAsync(Patience);
        Assert.Equal(1, files.Started);
        Assert.Equal(45, files.Connection!.Minor);
        Assert.True(files.Connection.Resend);

        var resent = RequestHead.ResentBit | 1234;
        kernel.Send(FuseOpcode.GetAttributes, 2, resent, 0, new byte[16]);
        Assert.Equal(resent, kernel.Receive().Unique);
        state.Dispose();
    }

    [Fact]
    public async Task An_interrupt_finds_a_request_that_was_sent_again()
    {
        var deferred = new BlockingCollection<DeferredReply>();
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem { Reading = request => deferred.Add(request.Defer()) });
        var resent = RequestHead.ResentBit | 1234;
        kernel.Send(FuseOpcode.Read, 2, resent, 0, FakeKernel.Bytes(new ReadIn { Size = 4096 }));
        var reply = deferred.Take();

        Assert.Same(reply, kernel.Session.InFlight.Find(1234));
        Assert.Same(reply, kernel.Session.InFlight.Find(resent));
        Assert.True(reply.ReplyData([1]));
        Assert.Equal([1], kernel.WaitFor(resent).Data());
    }

    private static MountState Share(MountState state) => MountState.Open(TestDescriptors.Duplicate(state.Descriptor));
}
