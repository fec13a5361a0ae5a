using System.Buffers.Binary;
using System.Text;
using Larder.Wasm.Wasi;

namespace Larder.Tests.Wasm.Wasi;

/// <summary>What a program learns about itself, the time and chance; and that hostile addresses do nothing.</summary>
public sealed class WasiProcessTests
{
    [Fact]
    public void Nothing_is_granted_by_default()
    {
        using var guest = new WasiGuest();

        Assert.Equal(Errno.Success, guest.Calls.ArgumentSizes(guest.Memory, 0, 4));
        Assert.Equal((0u, 0u), (guest.Memory.Read32(0), guest.Memory.Read32(4)));
        Assert.Equal(Errno.Success, guest.Calls.EnvironmentSizes(guest.Memory, 0, 4));
        Assert.Equal((0u, 0u), (guest.Memory.Read32(0), guest.Memory.Read32(4)));
        Assert.Equal(Errno.NotSupported, guest.Calls.Random(guest.Memory, guest.Store, 0, 8));
        Assert.Equal("", guest.Read(0));
        Assert.Equal(Errno.Success, guest.Write(1, "lost"));
        Assert.Equal(Errno.NotCapable, guest.Write(0, "x"));
        Assert.Equal(Errno.NotCapable, guest.TryRead(1));
        Assert.Equal(Errno.NotSocket, guest.Calls.RefuseSocket(0));
        using var bare = new WasiCalls(new WasiOptions());
        Assert.Equal(Errno.BadDescriptor, bare.GrantedDirectory(guest.Memory, 3, 0));
    }

    [Fact]
    public void Arguments_and_variables_arrive_in_order()
    {
        using var guest = new WasiGuest(new WasiOptions
        {
            Arguments = ["app", "grüße", ""],
            Environment = [new("B", "2"), new("A", "x=y")],
        });

        guest.Calls.ArgumentSizes(guest.Memory, 0, 4);
        Assert.Equal((3u, 13u), (guest.Memory.Read32(0), guest.Memory.Read32(4)));
        guest.Calls.Arguments(guest.Memory, 100, 200);
        Assert.Equal("app\0grüße\0\0", Encoding.UTF8.GetString(guest.Memory.Window(200, 13)));
        Assert.Equal((200u, 204u, 212u), (guest.Memory.Read32(100), guest.Memory.Read32(104), guest.Memory.Read32(108)));
        guest.Calls.Environment(guest.Memory, 100, 200);
        Assert.Equal("B=2\0A=x=y\0", Encoding.UTF8.GetString(guest.Memory.Window(200, 10)));
    }

    [Fact]
    public void What_cannot_be_told_to_a_guest_is_refused()
    {
        Assert.Throws<ArgumentException>(static () => new WasiHost(new WasiOptions { Arguments = ["a\0b"] }));
        Assert.Throws<ArgumentException>(static () => new WasiHost(new WasiOptions { Environment = [new("a=b", "c")] }));
        Assert.Throws<ArgumentException>(static () => new WasiHost(new WasiOptions { Environment = [new("", "c")] }));
        Assert.Throws<ArgumentException>(static () => new WasiHost(new WasiOptions { Directories = [new("/", "")] }));
        Assert.Throws<IOException>(static () => new WasiHost(new WasiOptions { Directories = [new("/not/there", "x")] }));
        Assert.Throws<ArgumentOutOfRangeException>(static () => new WasiHost(new WasiOptions { MaximumDescriptors = 2 }));
    }

    [Fact]
    public void The_default_clock_is_the_same_every_time_and_takes_no_time()
    {
        var runs = Enumerable.Range(0, 2).Select(static _ =>
        {
            using var guest = new WasiGuest();
            var readings = new List<ulong>();
            for (uint clock = 0; clock < 4; clock++)
            {
                readings.Add(Time(guest, clock));
                Assert.Equal(Errno.Success, Sleep(guest, TimeSpan.FromDays(1)));
                readings.Add(Time(guest, clock));
            }

            return readings;
        }).ToArray();

        Assert.Equal(runs[0], runs[1]);
        Assert.Equal(946_684_800UL, runs[0][0] / 1_000_000_000);
        Assert.True(runs[0][1] - runs[0][0] >= 86_400_000_000_000);
        Assert.True(runs[0][3] - runs[0][2] >= 86_400_000_000_000);
    }

    [Fact]
    public void Other_clocks_do_not_exist()
    {
        using var guest = new WasiGuest();

        Assert.Equal(Errno.Invalid, guest.Calls.Time(guest.Memory, 4, 0));
        Assert.Equal(Errno.Invalid, guest.Calls.ClockResolution(guest.Memory, uint.MaxValue, 0));
        Assert.Equal(Errno.Success, guest.Calls.ClockResolution(guest.Memory, 1, 0));
        Assert.NotEqual(0u, guest.Memory.Read32(0));
    }

    [Fact]
    public void An_interruption_ends_a_sleep()
    {
        using var guest = new WasiGuest(new WasiOptions { Clock = TimeProvider.System });
        using var timer = new Timer(_ => guest.Store.Interrupt(), null, 50, Timeout.Infinite);

        Assert.Equal(Errno.Interrupted, Sleep(guest, TimeSpan.FromHours(1)));
    }

    [Fact]
    public void Seeded_randomness_is_the_same_every_time_and_in_every_piece()
    {
        using var whole = new WasiGuest(new WasiOptions { Randomness = WasiRandomness.Seeded(7) });
        using var parts = new WasiGuest(new WasiOptions { Randomness = WasiRandomness.Seeded(7) });
        using var other = new WasiGuest(new WasiOptions { Randomness = WasiRandomness.Seeded(8) });

        whole.Calls.Random(whole.Memory, whole.Store, 0, 100);
        other.Calls.Random(other.Memory, other.Store, 0, 100);
        for (uint at = 0; at < 100; at += 10)
        {
            parts.Calls.Random(parts.Memory, parts.Store, at, 10);
        }

        Assert.Equal(whole.Memory.Window(0, 100), parts.Memory.Window(0, 100));
        Assert.False(whole.Memory.Window(0, 100).SequenceEqual(other.Memory.Window(0, 100)));
        Assert.Equal("3747", Convert.ToHexString(Seeded(0, 2)));
    }

    [Fact]
    public void Polling_tells_what_is_ready_and_what_is_wrong()
    {
        using var guest = new WasiGuest();
        Subscribe(guest, 0, userData: 1, type: 1, number: 0);
        Subscribe(guest, 1, userData: 2, type: 1, number: 99);
        Subscribe(guest, 2, userData: 3, type: 1, number: 1);
        Subscribe(guest, 3, userData: 4, type: 9, number: 0);
        Subscribe(guest, 4, userData: 5, type: 0, number: 1, timeout: 1);

        // The events lie over the subscriptions, as they may.
        Assert.Equal(Errno.Success, guest.Calls.Poll(guest.Memory, guest.Store, WasiGuest.Data, WasiGuest.Data, 5, WasiGuest.Result));

        Assert.Equal(4u, guest.Memory.Read32(WasiGuest.Result));
        Assert.Equal(
            [(1UL, Errno.Success), (2UL, Errno.BadDescriptor), (3UL, Errno.NotCapable), (4UL, Errno.Invalid)],
            Enumerable.Range(0, 4).Select(index => Event(guest, index)));
        Assert.Equal(Errno.Invalid, guest.Calls.Poll(guest.Memory, guest.Store, 0, 0, 0, WasiGuest.Result));
        Assert.Equal(Errno.Invalid, guest.Calls.Poll(guest.Memory, guest.Store, 0, 0, uint.MaxValue, WasiGuest.Result));
    }

    public static TheoryData<uint, uint> HostileWindows => new()
    {
        { 65_536, 1 }, { 65_535, 2 }, { uint.MaxValue, 1 }, { uint.MaxValue, uint.MaxValue }, { 0, uint.MaxValue },
        { 0, 65_537 }, { 0x8000_0000, 0x8000_0000 }, { 65_520, 0xFFFF_FFF0 },
    };

    [Theory]
    [MemberData(nameof(HostileWindows))]
    public void Windows_beyond_the_memory_are_refused(uint address, uint length)
    {
        using var guest = new WasiGuest(new WasiOptions { Randomness = WasiRandomness.System, Arguments = ["app"] });
        var memory = guest.Memory;
        var path = new GuestPath(address, length);
        var number = guest.Opened("text", OpenFlags.Create, Rights.AllFile);

        Assert.Throws<GuestFaultException>(() => guest.Calls.Random(memory, guest.Store, address, length));
        Assert.Throws<GuestFaultException>(() => guest.Calls.CreateDirectory(memory, WasiGuest.Root, path));
        Assert.Throws<GuestFaultException>(() => guest.Calls.Symlink(memory, path, WasiGuest.Root, path));
        Assert.Throws<GuestFaultException>(() => guest.Calls.ReadDirectory(memory, WasiGuest.Root, address, length, 0, 0));
        Assert.Throws<GuestFaultException>(() => guest.Calls.ReadLink(memory, WasiGuest.Root, guest.Put("x"), address, length, 0));

        memory.Write32(48, address);
        memory.Write32(52, length);
        Assert.Throws<GuestFaultException>(() => guest.Calls.Read(memory, number, 48, 1, 0));
        Assert.Throws<GuestFaultException>(() => guest.Calls.Write(memory, number, 48, 1, 0));
        Assert.Throws<GuestFaultException>(() => guest.Calls.WriteAt(memory, number, 48, 1, 0, 0));
        Assert.Equal(0, new FileInfo(guest["text"]).Length);
    }

    [Theory]
    [InlineData(65_533)]
    [InlineData(65_536)]
    [InlineData(uint.MaxValue)]
    [InlineData(0x8000_0000)]
    public void Results_that_lie_beyond_the_memory_change_nothing(uint address)
    {
        using var guest = new WasiGuest(new WasiOptions { Arguments = ["app"] });
        var memory = guest.Memory;
        var request = new OpenRequest(OpenFlags.Create, Rights.AllFile, Rights.None, DescriptorFlags.None);

        Assert.Throws<GuestFaultException>(() => guest.Calls.Open(memory, WasiGuest.Root, 0, guest.Put("new"), request, address));
        Assert.Throws<GuestFaultException>(() => guest.Calls.PathStatus(memory, WasiGuest.Root, 0, guest.Put("."), address));
        Assert.Throws<GuestFaultException>(() => guest.Calls.ArgumentSizes(memory, address, 0));
        Assert.Throws<GuestFaultException>(() => guest.Calls.Arguments(memory, 0, address));
        Assert.Throws<GuestFaultException>(() => guest.Calls.Arguments(memory, address, 0));
        Assert.Throws<GuestFaultException>(() => guest.Calls.Time(memory, 0, address));
        Assert.Throws<GuestFaultException>(() => guest.Calls.DescriptorStatus(memory, 0, address));
        Assert.Throws<GuestFaultException>(() => guest.Calls.FileStatusOf(memory, 0, address));
        Assert.Throws<GuestFaultException>(() => guest.Calls.GrantedDirectory(memory, WasiGuest.Root, address));
        Assert.Throws<GuestFaultException>(() => guest.Calls.Poll(memory, guest.Store, address, 0, 1, 0));
        Assert.Throws<GuestFaultException>(() => guest.Calls.Poll(memory, guest.Store, 0, address, 1, 0));
        Assert.Throws<GuestFaultException>(() => guest.Calls.Write(memory, 1, address, 1, 0));
        Assert.Throws<GuestFaultException>(() => guest.Calls.Write(memory, 1, 0, 0, address));
        Assert.Equal(Errno.Invalid, guest.Calls.Write(memory, 1, 0, uint.MaxValue, 0));
        Assert.Empty(Directory.EnumerateFileSystemEntries(guest.Granted));
    }

    [Fact]
    public void A_name_that_does_not_fit_is_not_cut_off()
    {
        using var guest = new WasiGuest();

        Assert.Equal(Errno.Success, guest.Calls.GrantedDirectory(guest.Memory, WasiGuest.Root, 0));
        Assert.Equal(8u, guest.Memory.Read32(4));
        Assert.Equal(Errno.NameTooLong, guest.Calls.GrantedDirectoryName(guest.Memory, WasiGuest.Root, 0, 7));
        Assert.Equal(Errno.Success, guest.Calls.GrantedDirectoryName(guest.Memory, WasiGuest.Root, 0, 8));
        Assert.Equal("/granted", Encoding.UTF8.GetString(guest.Memory.Window(0, 8)));
    }

    private static byte[] Seeded(ulong seed, int length)
    {
        var bytes = new byte[length];
        WasiRandomness.Seeded(seed).Fill(bytes);
        return bytes;
    }

    private static ulong Time(WasiGuest guest, uint clock)
    {
        Assert.Equal(Errno.Success, guest.Calls.Time(guest.Memory, clock, WasiGuest.Result));
        return BinaryPrimitives.ReadUInt64LittleEndian(guest.Memory.Window(WasiGuest.Result, 8));
    }

    private static Errno Sleep(WasiGuest guest, TimeSpan time)
    {
        Subscribe(guest, 0, userData: 1, type: 0, number: 1, timeout: (ulong)time.Ticks * 100);
        return guest.Calls.Poll(guest.Memory, guest.Store, WasiGuest.Data, WasiGuest.Data, 1, WasiGuest.Result);
    }

    private static void Subscribe(WasiGuest guest, uint index, ulong userData, byte type, uint number, ulong timeout = 0)
    {
        var bytes = guest.Memory.Window(WasiGuest.Data + (index * 48), 48);
        bytes.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, userData);
        bytes[8] = type;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], number);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], timeout);
    }

    private static (ulong UserData, Errno Error) Event(WasiGuest guest, int index)
    {
        var bytes = guest.Memory.Window(WasiGuest.Data + (uint)(index * 32), 32);
        return (BinaryPrimitives.ReadUInt64LittleEndian(bytes), (Errno)BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]));
    }
}
