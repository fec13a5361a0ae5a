using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Larder.Fuse;
using Larder.Fuse.Wire;

namespace Larder.Tests.Fuse;

/// <summary>Each operation as the kernel sends it, and the bytes of its answer.</summary>
public sealed class OperationTests
{
    private static readonly FuseMountOptions Options = new()
    {
        MountPoint = "/nowhere",
        EntryTtl = TimeSpan.FromSeconds(1.5),
        AttributesTtl = TimeSpan.FromSeconds(7),
        NegativeTtl = TimeSpan.FromSeconds(9),
    };

    [Fact]
    public async Task Lookup_answers_with_node_times_and_attributes()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem(), Options);

        var entry = kernel.Lookup(1, "file").Ok<EntryOut>();

        Assert.Equal(ScriptedFileSystem.FileNode, entry.Node);
        Assert.Equal((1ul, 500_000_000u), (entry.EntrySeconds, entry.EntryNanoseconds));
        Assert.Equal((7ul, 0u), (entry.AttributeSeconds, entry.AttributeNanoseconds));
        Assert.Equal(ScriptedFileSystem.AttributesOf(2), entry.Attributes);
    }

    [Fact]
    public async Task A_missing_name_is_remembered_or_not_as_the_options_say()
    {
        await using var remembering = FakeKernel.Greeted(new ScriptedFileSystem(), Options);
        await using var forgetting = FakeKernel.Greeted(new ScriptedFileSystem(), Options with { NegativeTtl = TimeSpan.Zero });

        var entry = remembering.Lookup(1, "absent").Ok<EntryOut>();
        Assert.Equal((0ul, 9ul), (entry.Node, entry.EntrySeconds));
        Assert.Equal(FuseErrno.NotFound, forgetting.Lookup(1, "absent").Errno);
    }

    [Fact]
    public async Task Names_are_bytes()
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
        byte[] name = [.. Enumerable.Range(1, 255).Select(static value => (byte)value)];

        kernel.Call(FuseOpcode.Lookup, 1, [.. name, 0]);

        Assert.Equal(name, seen);
    }

    [Fact]
    public async Task Attributes_keep_negative_times_and_large_ids()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem(), Options);

        var answer = kernel.Call(FuseOpcode.GetAttributes, 2, new byte[16]).Ok<AttributesOut>();

        Assert.Equal(7ul, answer.Seconds);
        Assert.Equal(-5, answer.Attributes.ModifySeconds);
        Assert.Equal(3_000_000_000u, answer.Attributes.UserId);
        Assert.Equal(0x8DA4u, answer.Attributes.Mode);
    }

    [Fact]
    public async Task A_link_is_its_target_alone()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem());

        Assert.Equal("file"u8.ToArray(), kernel.Call(FuseOpcode.ReadLink, 3).Data());
    }

    [Theory]
    [InlineData(0, 4096, 4096)]
    [InlineData(99_000, 4096, 1000)]
    [InlineData(100_000, 4096, 0)]
    [InlineData(1L << 40, 4096, 0)]
    [InlineData(12_345, 65_536, 65_536)]
    public async Task Reads_end_with_the_file(long offset, int size, int expected)
    {
        var files = new ScriptedFileSystem();
        await using var kernel = FakeKernel.Greeted(files);

        var data = kernel.Read(2, offset, size).Data();

        Assert.Equal(files.Content.AsSpan((int)Math.Min(offset, files.Content.Length), expected).ToArray(), data);
    }

    [Fact]
    public async Task Reads_are_answered_from_the_buffer_from_elsewhere_and_from_a_file()
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, "0123456789");
        using var file = File.OpenHandle(path);
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem
        {
            Reading = request =>
            {
                switch (request.Handle)
                {
                    case 1:
                        request.Reply("elsewhere"u8);
                        break;
                    case 2:
                        request.ReplyFrom(file, 3, 4);
                        break;
                    case 3:
                        request.ReplyFrom(file, 8, 4);
                        break;
                    default:
                        request.Reply(new byte[request.Length + 1]);
                        break;
                }
            },
        });

        Assert.Equal("elsewhere"u8.ToArray(), kernel.Read(2, 0, 4096, handle: 1).Data());
        Assert.Equal("3456"u8.ToArray(), kernel.Read(2, 0, 4096, handle: 2).Data());
        Assert.Equal(FuseErrno.InputOutput, kernel.Read(2, 0, 4096, handle: 3).Errno); // The file is shorter than was said.
        Assert.Equal(FuseErrno.InputOutput, kernel.Read(2, 0, 4096, handle: 4).Errno); // More than was asked for.
        File.Delete(path);
    }

    [Fact]
    public async Task Open_and_release_carry_handle_and_flags()
    {
        var files = new ScriptedFileSystem();
        await using var kernel = FakeKernel.Greeted(files);

        var open = kernel.Call(FuseOpcode.Open, 2, FakeKernel.Bytes(default(OpenIn))).Ok<OpenOut>();
        var release = kernel.Call(FuseOpcode.Release, 2, FakeKernel.Bytes(new ReleaseIn { Handle = open.Handle }));

        Assert.Equal((77ul, (uint)FuseOpenFlags.KeepCache, 0), (open.Handle, open.Flags, open.Backing));
        Assert.Equal(0, release.Error);
        kernel.AssertQuiet();
        Assert.Equal([(2ul, 77ul)], files.Released);
    }

    [Fact]
    public async Task A_backing_file_that_the_kernel_refuses_is_read_by_requests()
    {
        using var file = File.OpenHandle("/dev/null");
        bool? passes = null;
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem
        {
            Opening = request => passes = request.ReplyFile(file, 5),
        });

        var open = kernel.Call(FuseOpcode.Open, 2, FakeKernel.Bytes(default(OpenIn))).Ok<OpenOut>();

        kernel.AssertQuiet();
        Assert.False(passes);
        Assert.Equal((5ul, (uint)FuseOpenFlags.KeepCache, 0), (open.Handle, open.Flags, open.Backing));
        Assert.False(kernel.Session.Backings.CanPassThrough(3)); // A pair of sockets is no device: it is not tried again.
    }

    [Fact]
    public async Task A_directory_is_listed_piece_by_piece()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem { Extra = 1000 });
        var names = new List<string>();

        for (ulong offset = 0; ;)
        {
            var data = kernel.Call(FuseOpcode.ReadDirectory, 1, FakeKernel.Bytes(new ReadIn { Offset = offset, Size = 4096 })).Data();
            if (data.Length == 0)
            {
                break;
            }

            Assert.InRange(data.Length, 1, 4096);
            for (var at = 0; at < data.Length;)
            {
                var entry = MemoryMarshal.Read<DirectoryEntry>(data.AsSpan(at));
                names.Add(Encoding.UTF8.GetString(data, at + 24, (int)entry.NameLength));
                offset = entry.NextOffset;
                at += (24 + (int)entry.NameLength + 7) & ~7;
            }
        }

        Assert.Equal(Enumerable.Range(0, 1004).Select(place => Encoding.UTF8.GetString(ScriptedFileSystem.Entry(place).Name)), names);
    }

    [Fact]
    public async Task A_listing_gives_attributes_of_directories_and_of_files_once_they_are_wanted()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem());

        var names = List();
        kernel.Lookup(1, "file");
        var all = List();

        Assert.Equal([0ul, 0ul, 0ul, ScriptedFileSystem.DirectoryNode], names.Select(static entry => entry.Entry.Node));
        Assert.Equal([0ul, 0ul, ScriptedFileSystem.FileNode, ScriptedFileSystem.DirectoryNode], all.Select(static entry => entry.Entry.Node));
        Assert.Equal([4u, 4u, 8u, 4u], names.Select(static entry => entry.Name.Type));
        Assert.Equal(ScriptedFileSystem.AttributesOf(2), all[2].Entry.Attributes);

        List<(EntryOut Entry, DirectoryEntry Name)> List()
        {
            var data = kernel.Call(FuseOpcode.ReadDirectoryPlus, 1, FakeKernel.Bytes(new ReadIn { Size = 4096 })).Data();
            List<(EntryOut, DirectoryEntry)> entries = [];
            for (var at = 0; at < data.Length;)
            {
                var name = MemoryMarshal.Read<DirectoryEntry>(data.AsSpan(at + Unsafe.SizeOf<EntryOut>()));
                entries.Add((MemoryMarshal.Read<EntryOut>(data.AsSpan(at)), name));
                at += (Unsafe.SizeOf<EntryOut>() + 24 + (int)name.NameLength + 7) & ~7;
            }

            return entries;
        }
    }

    [Fact]
    public async Task Extended_attributes_obey_the_callers_size()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem());

        Assert.Equal(5u, Get("user.color", 0).Ok<SizeAndPadding>().Size);
        Assert.Equal("green"u8.ToArray(), Get("user.color", 5).Data());
        Assert.Equal("green"u8.ToArray(), Get("user.color", 500).Data());
        Assert.Equal(FuseErrno.Range, Get("user.color", 4).Errno);
        Assert.Equal(FuseErrno.NoData, Get("security.capability", 100).Errno);
        Assert.Equal(11u, kernel.Call(FuseOpcode.ListExtendedAttributes, 2, new byte[8]).Ok<SizeAndPadding>().Size);
        Assert.Equal("user.color\0"u8.ToArray(), kernel.Call(FuseOpcode.ListExtendedAttributes, 2, [64, .. new byte[7]]).Data());

        FakeKernel.Answer Get(string name, uint size) => kernel.Call(
            FuseOpcode.GetExtendedAttribute,
            2,
            [.. FakeKernel.Bytes(new SizeAndPadding { Size = size }), .. Encoding.UTF8.GetBytes(name), 0]);
    }

    [Fact]
    public async Task What_the_kernel_would_remember_is_said_by_options_only()
    {
        await using var careless = FakeKernel.Greeted(new ScriptedFileSystem
        {
            Asking = static request => request.Fail(FuseErrno.NotImplemented),
            Opening = static request => request.Fail(FuseErrno.NotImplemented),
        });
        await using var without = FakeKernel.Greeted(new ScriptedFileSystem(), Options with { ExtendedAttributes = false });

        Assert.Equal(FuseErrno.NotSupported, careless.Call(FuseOpcode.GetExtendedAttribute, 2, [.. new byte[8], 97, 0]).Errno);
        Assert.Equal(FuseErrno.NotSupported, careless.Call(FuseOpcode.Open, 2, new byte[8]).Errno);
        Assert.Equal(FuseErrno.NotImplemented, without.Call(FuseOpcode.GetExtendedAttribute, 2, [.. new byte[8], 97, 0]).Errno);
        Assert.Equal(FuseErrno.NotImplemented, without.Call(FuseOpcode.ListExtendedAttributes, 2, new byte[8]).Errno);
    }

    [Fact]
    public async Task Statistics_and_access_are_answered()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem());

        var statistics = kernel.Call(FuseOpcode.Statistics, 1).Ok<StatisticsOut>();

        Assert.Equal((4096u, 255u), (statistics.BlockSize, statistics.MaxNameLength));
        Assert.Equal(0, kernel.Call(FuseOpcode.Access, 1, new byte[8]).Error);
    }

    [Fact]
    public async Task Changes_are_refused_and_what_is_unknown_is_told_so()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem());

        foreach (var opcode in new[]
        {
            FuseOpcode.SetAttributes, FuseOpcode.MakeNode, FuseOpcode.MakeDirectory, FuseOpcode.Unlink, FuseOpcode.RemoveDirectory, FuseOpcode.Rename,
            FuseOpcode.Rename2, FuseOpcode.Link, FuseOpcode.SymbolicLink, FuseOpcode.Write, FuseOpcode.Create, FuseOpcode.SetExtendedAttribute,
            FuseOpcode.RemoveExtendedAttribute, FuseOpcode.Allocate, FuseOpcode.TemporaryFile,
        })
        {
            Assert.Equal(FuseErrno.ReadOnly, kernel.Call(opcode, 2, new byte[100]).Errno);
        }

        Assert.Equal(FuseErrno.NotImplemented, kernel.Call(FuseOpcode.Flush, 2, new byte[24]).Errno);
        Assert.Equal(FuseErrno.NotTerminal, kernel.Call(FuseOpcode.Ioctl, 2, new byte[32]).Errno);
        Assert.Equal(FuseErrno.NotImplemented, kernel.Call((FuseOpcode)52, 2, new byte[32]).Errno);
        Assert.Equal(FuseErrno.NotImplemented, kernel.Call((FuseOpcode)4711, 2, new byte[32]).Errno);
        Assert.Equal(0, kernel.Call(FuseOpcode.Destroy, 0).Error);
    }

    [Fact]
    public async Task Every_operation_gets_one_answer()
    {
        await using var kernel = FakeKernel.Greeted(new ScriptedFileSystem());

        for (uint opcode = 1; opcode < 128; opcode++)
        {
            if ((FuseOpcode)opcode is FuseOpcode.Forget or FuseOpcode.BatchForget or FuseOpcode.Interrupt)
            {
                continue;
            }

            var unique = kernel.Send((FuseOpcode)opcode, 1, [.. new byte[60], 97, 0, 0, 0]);

            Assert.Equal(unique, kernel.WaitFor(unique).Unique);
            kernel.AssertQuiet();
        }
    }

    [Fact]
    public async Task What_is_forgotten_is_told_and_not_answered()
    {
        var files = new ScriptedFileSystem();
        await using var kernel = FakeKernel.Greeted(files);

        kernel.Send(FuseOpcode.Forget, 2, FakeKernel.Bytes(3ul));
        kernel.Send(
            FuseOpcode.BatchForget,
            0,
            [
                .. FakeKernel.Bytes(new BatchForgetIn { Count = 2 }),
                .. FakeKernel.Bytes(new ForgetOne { Node = 2, Count = 4 }),
                .. FakeKernel.Bytes(new ForgetOne { Node = 9, Count = 1 }),
            ]);
        kernel.AssertQuiet();

        Assert.Equal(7ul, files.Forgotten[2]);
        Assert.Equal(1ul, files.Forgotten[9]);
    }

    [Fact]
    public async Task Hits_allocate_nothing()
    {
        List<long> allocated = [];
        var files = new ScriptedFileSystem { Extra = 20 };
        files.LookingUp = request =>
        {
            allocated.Add(GC.GetAllocatedBytesForCurrentThread());
            request.Reply(2, ScriptedFileSystem.AttributesOf(2));
        };
        allocated.Capacity = 4096;
        await using var kernel = FakeKernel.Greeted(files);
        var offset = FakeKernel.Bytes(new ReadIn { Size = 4096, Offset = 200 });

        for (var round = 0; round < 1000; round++)
        {
            kernel.Lookup(1, "x");
            kernel.Read(2, 0, 4096);
            kernel.Call(FuseOpcode.ReadDirectoryPlus, 1, offset);
            kernel.Call(FuseOpcode.GetAttributes, 2, new byte[16]);
            kernel.Call(FuseOpcode.Open, 2, new byte[8]);
        }

        Assert.Equal(allocated[200], allocated[^1]);
    }
}
