using Larder.Fuse;
using Larder.Fuse.Wire;

namespace Larder.Tests.Fuse;

/// <summary>Messages that are no requests, and file systems that fail: nothing ends a thread, and everything is answered.</summary>
public sealed class HostileRequestTests
{
    [Fact]
    public async Task Requests_that_are_too_short_are_failed()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem());

        foreach (var opcode in new[]
        {
            FuseOpcode.Lookup, FuseOpcode.Open, FuseOpcode.OpenDirectory, FuseOpcode.Read, FuseOpcode.Release, FuseOpcode.ReleaseDirectory,
            FuseOpcode.ReadDirectory, FuseOpcode.ReadDirectoryPlus, FuseOpcode.GetExtendedAttribute, FuseOpcode.ListExtendedAttributes,
            FuseOpcode.Access, FuseOpcode.Initialize,
        })
        {
            Assert.Equal(FuseErrno.InputOutput, kernel.Call(opcode, 1).Errno);
        }

        Assert.Equal(FuseErrno.InputOutput, kernel.Call(FuseOpcode.Lookup, 1, 97, 98).Errno); // No zero byte at the end.
        Assert.Equal(FuseErrno.InputOutput, kernel.Call(FuseOpcode.Lookup, 1, 0).Errno); // No name.
        Assert.Equal(FuseErrno.InputOutput, kernel.Call(FuseOpcode.GetExtendedAttribute, 1, [.. new byte[8], 97]).Errno);
        Assert.Equal(
            FuseErrno.InputOutput,
            kernel.Call(FuseOpcode.Read, 2, FakeKernel.Bytes(new ReadIn { Offset = ulong.MaxValue, Size = 4096 })).Errno);
        kernel.AssertQuiet();
    }

    [Fact]
    public async Task One_way_messages_that_are_too_short_are_dropped()
    {
        var files = new ScriptedFileSystem();
        await using var kernel = FakeKernel.Greeted(files);

        kernel.Send(FuseOpcode.Forget, 2);
        kernel.Send(FuseOpcode.Interrupt, 2);
        kernel.Send(FuseOpcode.BatchForget, 2, FakeKernel.Bytes(new BatchForgetIn { Count = uint.MaxValue }));

        kernel.AssertQuiet();
        Assert.Empty(files.Forgotten);
        Assert.Equal(3, kernel.Session.GetStatistics().Malformed);
    }

    [Fact]
    public async Task Messages_whose_length_lies_are_failed_or_dropped()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem());
        var header = new InHeader { Length = 9999, Opcode = (uint)FuseOpcode.Statistics, Unique = 1000, Node = 1 };

        kernel.SendRaw([1]);
        kernel.SendRaw(new byte[39]);
        kernel.SendRaw(FakeKernel.Bytes(header));
        Assert.Equal(FuseErrno.InputOutput, kernel.WaitFor(1000).Errno);
        kernel.SendRaw(FakeKernel.Bytes(header with { Length = 40, ExtensionUnits = 1, Unique = 1002 }));
        Assert.Equal(FuseErrno.InputOutput, kernel.WaitFor(1002).Errno);

        kernel.AssertQuiet();
    }

    [Fact]
    public async Task Extensions_after_a_request_are_not_taken_for_it()
    {
        byte[] seen = [];
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem
        {
            LookingUp = request =>
            {
                seen = request.Name.ToArray();
                request.ReplyMissing();
            },
        });
        var header = new InHeader { Length = 40 + 8 + 8, Opcode = (uint)FuseOpcode.Lookup, Unique = 1000, Node = 1, ExtensionUnits = 1 };

        kernel.SendRaw([.. FakeKernel.Bytes(header), .. "name\0\0\0\0"u8, .. "rest\0\0\0\0"u8]);

        Assert.Equal(0, kernel.WaitFor(1000).Error);
        Assert.Equal("name"u8.ToArray(), seen);
    }

    [Fact]
    public async Task Random_messages_do_no_harm()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem { Extra = 50 });

        for (var round = 0; round < 3000; round++)
        {
            var message = new byte[random.Next(1, 300)];
            random.NextBytes(message);
            var header = new InHeader
            {
                Length = (uint)(random.Next(10) == 0 ? random.Next() : Math.Max(message.Length, 40)),
                Opcode = (uint)random.Next(0, 60),
                Unique = (ulong)(round * 2) + 10_000,
                Node = (ulong)random.Next(0, 5),
                ExtensionUnits = (ushort)(random.Next(10) == 0 ? random.Next(100) : 0),
            };
            if ((FuseOpcode)header.Opcode == FuseOpcode.Initialize)
            {
                continue;
            }

            kernel.SendRaw([.. FakeKernel.Bytes(header), .. message.AsSpan(Math.Min(40, message.Length))]);
            if ((FuseOpcode)header.Opcode is not (FuseOpcode.Forget or FuseOpcode.BatchForget or FuseOpcode.Interrupt))
            {
                Assert.True(kernel.WaitFor(header.Unique).Error <= 0, $"seed {seed}, round {round}");
            }
        }

        kernel.AssertQuiet();
    }

    [Fact]
    public async Task What_throws_is_failed_and_the_thread_goes_on()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem
        {
            LookingUp = static _ => throw new InvalidDataException("damaged"),
            Reading = static _ => throw new TimeoutException(),
        });

        Assert.Equal(FuseErrno.InputOutput, kernel.Lookup(1, "file").Errno);
        Assert.Equal(FuseErrno.InputOutput, kernel.Read(2, 0, 4096).Errno);
        Assert.Equal(2, kernel.Session.GetStatistics().Failures);
        kernel.AssertQuiet();
    }

    [Fact]
    public async Task What_throws_after_its_answer_has_answered()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem
        {
            LookingUp = static request =>
            {
                request.ReplyMissing();
                throw new InvalidDataException("late");
            },
        });

        Assert.Equal(0, kernel.Lookup(1, "file").Error);
        kernel.AssertQuiet();
    }

    [Fact]
    public async Task What_returns_without_an_answer_is_failed()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem { LookingUp = static _ => { } });

        Assert.Equal(FuseErrno.InputOutput, kernel.Lookup(1, "file").Errno);
        kernel.AssertQuiet();
    }

    [Fact]
    public async Task Answering_twice_answers_once()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem
        {
            LookingUp = static request =>
            {
                request.ReplyMissing();
                request.Fail(FuseErrno.Busy);
                request.Reply(2, ScriptedFileSystem.AttributesOf(2));
            },
        });

        Assert.Equal(0ul, kernel.Lookup(1, "file").Ok<EntryOut>().Node);
        kernel.AssertQuiet();
    }

    [Fact]
    public async Task Several_threads_answer_everything_once()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem { Extra = 100 }, threads: 4);

        for (var round = 0; round < 20; round++)
        {
            ulong[] numbers =
            [
                .. Enumerable.Range(0, 50).Select(index => index % 2 == 0
                    ? kernel.SendRead(2, index * 100, 4096)
                    : kernel.Send(FuseOpcode.ReadDirectoryPlus, 1, FakeKernel.Bytes(new ReadIn { Size = 4096 }))),
            ];
            foreach (var unique in numbers)
            {
                Assert.Equal(0, kernel.WaitFor(unique).Error);
            }
        }

        kernel.AssertQuiet();
    }
}
