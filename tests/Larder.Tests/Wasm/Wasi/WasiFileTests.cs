using System.Buffers.Binary;
using Larder.Wasm.Wasi;

namespace Larder.Tests.Wasm.Wasi;

/// <summary>Descriptors: rights, limits, positions and listings.</summary>
public sealed class WasiFileTests
{
    [Fact]
    public void A_read_only_directory_is_never_changed()
    {
        using var guest = new WasiGuest(isWritable: false);
        File.WriteAllText(guest["text"], "hello");
        Directory.CreateDirectory(guest["sub"]);
        var calls = guest.Calls;
        var memory = guest.Memory;

        Assert.Equal(Errno.NotCapable, guest.Open("new", OpenFlags.Create));
        Assert.Equal(Errno.NotCapable, guest.Open("text", OpenFlags.Truncate));
        Assert.Equal(Errno.NotCapable, guest.Open("text", rights: Rights.Write));
        Assert.Equal(Errno.NotCapable, guest.Open("text", rights: Rights.SetSize));
        Assert.Equal(Errno.NotCapable, guest.Open("sub", OpenFlags.Directory, Rights.AllDirectory));
        Assert.Equal(Errno.NotCapable, calls.CreateDirectory(memory, WasiGuest.Root, guest.Put("new")));
        Assert.Equal(Errno.NotCapable, calls.RemoveDirectory(memory, WasiGuest.Root, guest.Put("sub")));
        Assert.Equal(Errno.NotCapable, calls.Unlink(memory, WasiGuest.Root, guest.Put("text")));
        Assert.Equal(Errno.NotCapable, calls.Rename(memory, WasiGuest.Root, guest.Put("text"), WasiGuest.Root, guest.PutSecond("new")));
        Assert.Equal(Errno.NotCapable, calls.Link(memory, WasiGuest.Root, 0, guest.Put("text"), WasiGuest.Root, guest.PutSecond("new")));
        Assert.Equal(Errno.NotCapable, calls.Symlink(memory, guest.Put("text"), WasiGuest.Root, guest.PutSecond("new")));
        Assert.Equal(Errno.NotCapable, calls.PathSetTimes(memory, WasiGuest.Root, 0, guest.Put("text"), 0, 0, 5));
        var number = guest.Opened("text");
        Assert.Equal(Errno.NotCapable, guest.Write(number, "x"));
        Assert.Equal(Errno.NotCapable, calls.SetSize(number, 0));
        Assert.Equal(Errno.NotCapable, calls.Allocate(number, 0, 100));
        Assert.Equal(Errno.NotCapable, calls.SetTimes(number, 0, 0, 5));

        Assert.Equal("hello", guest.Read(number));
        Assert.Equal("hello", File.ReadAllText(guest["text"]));
        Assert.Equal(["sub", "text"], Directory.EnumerateFileSystemEntries(guest.Granted).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Rights_can_be_given_up_and_never_come_back()
    {
        using var guest = new WasiGuest();
        var number = guest.Opened("text", OpenFlags.Create, Rights.AllFile);

        Assert.Equal(Errno.Success, guest.Calls.SetRights(number, (ulong)Rights.Read, 0));
        Assert.Equal(Errno.NotCapable, guest.Write(number, "x"));
        Assert.Equal(Errno.NotCapable, guest.Calls.SetRights(number, (ulong)(Rights.Read | Rights.Write), 0));
        Assert.Equal(Errno.NotCapable, guest.Calls.Seek(guest.Memory, number, 0, 0, WasiGuest.Result));
        Assert.Equal("", guest.Read(number));
    }

    [Fact]
    public void A_directory_passes_on_no_more_than_it_may()
    {
        using var guest = new WasiGuest();
        Directory.CreateDirectory(guest["sub"]);
        File.WriteAllText(guest["sub/text"], "hello");
        var sub = guest.OpenedDirectory("sub", inheriting: Rights.Read);

        Assert.Equal(Errno.NotCapable, guest.Open("text", rights: Rights.Read | Rights.Write, directory: sub));
        Assert.Equal(Errno.NotCapable, guest.Open("text", OpenFlags.Create, Rights.Read, directory: sub));
        Assert.Equal("hello", guest.Read(guest.Opened("text", rights: Rights.Read, directory: sub)));
    }

    [Fact]
    public void Numbers_that_are_not_open_are_refused()
    {
        using var guest = new WasiGuest();

        foreach (var number in (uint[])[4, 1000, int.MaxValue, 0x8000_0000, uint.MaxValue])
        {
            Assert.Equal(Errno.BadDescriptor, guest.Calls.Close(number));
            Assert.Equal(Errno.BadDescriptor, guest.TryRead(number));
            Assert.Equal(Errno.BadDescriptor, guest.Write(number, "x"));
            Assert.Equal(Errno.BadDescriptor, guest.Open("x", directory: number));
            Assert.Equal(Errno.BadDescriptor, guest.Calls.Renumber(number, 0));
            Assert.Equal(Errno.BadDescriptor, guest.Calls.Renumber(0, number));
            Assert.Equal(Errno.BadDescriptor, guest.Calls.DescriptorStatus(guest.Memory, number, WasiGuest.Data));
            Assert.Equal(Errno.BadDescriptor, guest.Calls.RefuseSocket(number));
        }
    }

    [Fact]
    public void No_more_is_open_than_the_limit()
    {
        using var guest = new WasiGuest(new WasiOptions { MaximumDescriptors = 6 });
        File.WriteAllText(guest["text"], "hello");

        Assert.Equal(4u, guest.Opened("text"));
        Assert.Equal(5u, guest.Opened("text"));
        Assert.Equal(Errno.NoDescriptors, guest.Open("text"));
        Assert.Equal(Errno.Success, guest.Calls.Close(4));
        Assert.Equal(4u, guest.Opened("text"));
        Assert.Equal(Errno.Success, guest.Calls.Renumber(4, 5));
        Assert.Equal(Errno.BadDescriptor, guest.Calls.Close(4));
        Assert.Equal("hello", guest.Read(5));
    }

    [Fact]
    public void Files_grow_no_further_than_the_limit()
    {
        using var guest = new WasiGuest(new WasiOptions { MaximumFileBytes = 8 });
        var number = guest.Opened("text", OpenFlags.Create, Rights.AllFile);

        Assert.Equal(Errno.Success, guest.Write(number, "0123456789"));
        Assert.Equal(8u, guest.Memory.Read32(WasiGuest.Result));
        Assert.Equal(Errno.FileTooBig, guest.Write(number, "x"));
        Assert.Equal(Errno.FileTooBig, guest.Calls.SetSize(number, 9));
        Assert.Equal(Errno.FileTooBig, guest.Calls.SetSize(number, ulong.MaxValue));
        Assert.Equal(Errno.FileTooBig, guest.Calls.Allocate(number, ulong.MaxValue, 2));
        Assert.Equal(Errno.FileTooBig, guest.Calls.Allocate(number, 4, ulong.MaxValue));
        Assert.Equal(Errno.Success, guest.Calls.SetSize(number, 3));
        var appending = guest.Opened("text", rights: Rights.AllFile, flags: DescriptorFlags.Append);
        Assert.Equal(Errno.Success, guest.Write(appending, "abcdefgh"));
        Assert.Equal("012abcde", File.ReadAllText(guest["text"]));
    }

    [Fact]
    public void Positions_are_those_of_files()
    {
        using var guest = new WasiGuest();
        var number = guest.Opened("text", OpenFlags.Create, Rights.AllFile);
        guest.Write(number, "hello world");

        Assert.Equal(Errno.Success, guest.Calls.Seek(guest.Memory, number, -5, 2, WasiGuest.Result));
        Assert.Equal(6u, guest.Memory.Read32(WasiGuest.Result));
        Assert.Equal("world", guest.Read(number));
        Assert.Equal(Errno.Invalid, guest.Calls.Seek(guest.Memory, number, -1, 0, WasiGuest.Result));
        Assert.Equal(Errno.Invalid, guest.Calls.Seek(guest.Memory, number, 0, 3, WasiGuest.Result));
        Assert.Equal(Errno.IllegalSeek, guest.Calls.Seek(guest.Memory, 1, 0, 0, WasiGuest.Result));
        Assert.Equal(Errno.IsDirectory, guest.TryRead(WasiGuest.Root));
        Assert.Equal(Errno.Invalid, guest.Calls.ReadAt(guest.Memory, number, 0, 0, ulong.MaxValue, WasiGuest.Result));
    }

    [Theory]
    [InlineData(25)]
    [InlineData(100)]
    [InlineData(4096)]
    [InlineData(40_000)]
    public void Listings_are_whole_in_parts_of_every_length(uint bufferBytes)
    {
        using var guest = new WasiGuest();
        var names = Enumerable.Range(0, 500).Select(static index => index < 10 ? $"{index}" : $"name-{index}").ToArray();
        foreach (var name in names)
        {
            File.WriteAllText(guest[name], "");
        }

        // A part that is too short for an entry is one that a program enlarges.
        var listed = guest.List(WasiGuest.Root, Math.Max(bufferBytes, 24 + 8));

        Assert.Equal(names.Append(".").Append("..").Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Made_up_cookies_do_no_harm()
    {
        using var guest = new WasiGuest();
        File.WriteAllText(guest["text"], "");

        foreach (var cookie in (ulong[])[1, 77, int.MaxValue, long.MaxValue - 1, 1UL << 63, ulong.MaxValue])
        {
            var error = guest.Calls.ReadDirectory(guest.Memory, WasiGuest.Root, WasiGuest.Data, 4096, cookie, WasiGuest.Result);

            Assert.Contains(error, (Errno[])[Errno.Success, Errno.Invalid]);
        }

        Assert.Contains("text", guest.List(WasiGuest.Root));
    }

    [Fact]
    public void What_lies_above_a_directory_is_not_shown()
    {
        using var guest = new WasiGuest();

        guest.Calls.ReadDirectory(guest.Memory, WasiGuest.Root, WasiGuest.Data, 4096, 0, WasiGuest.Result);

        var entries = guest.Memory.Window(WasiGuest.Data, guest.Memory.Read32(WasiGuest.Result));
        var at = entries.IndexOf(".."u8);
        Assert.Equal(2, BinaryPrimitives.ReadInt32LittleEndian(entries[(at - 8)..]));
        Assert.Equal(0UL, BinaryPrimitives.ReadUInt64LittleEndian(entries[(at - 16)..]));
    }

    [Fact]
    public void Times_come_from_the_guests_clock()
    {
        using var guest = new WasiGuest();
        var number = guest.Opened("text", OpenFlags.Create, Rights.AllFile);

        Assert.Equal(Errno.Invalid, guest.Calls.SetTimes(number, 0, 0, 3));
        Assert.Equal(Errno.Invalid, guest.Calls.SetTimes(number, 0, 0, 16));
        Assert.Equal(Errno.Success, guest.Calls.SetTimes(number, 1_000_000_000, 0, 1 | 8));

        Assert.Equal(new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc), File.GetLastWriteTimeUtc(guest["text"]), TimeSpan.FromSeconds(1));
        Assert.Equal(1u, guest.Calls.FileStatusOf(guest.Memory, number, WasiGuest.Data) == Errno.Success
            ? BinaryPrimitives.ReadUInt64LittleEndian(guest.Memory.Window(WasiGuest.Data + 40, 8)) / 1_000_000_000
            : 0);
    }
}
