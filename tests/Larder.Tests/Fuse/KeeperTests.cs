using System.Net.Sockets;
using Larder.Fuse;
using Larder.Fuse.Native;
using Larder.Fuse.Passthrough;
using Larder.Fuse.Takeover;
using Larder.Tests.Memory;

namespace Larder.Tests.Fuse;

/// <summary>Keeping and handing over descriptors, without any mount.</summary>
[Collection(AloneCollection.Name)]
public sealed class KeeperTests
{
    private static readonly MountKeeperOptions Options = new() { Program = "/bin/false" };

    [Fact]
    public async Task What_is_put_can_be_taken_by_another_process_with_its_state()
    {
        await using var server = KeeperServer.Start(Options);
        var mountPoint = Place();
        using (var predecessor = MountKeeperClient.Connect(server.SocketPath))
        {
            using var state = MountState.Create("tree 7"u8);
            state.StoreNegotiated(new FuseConnection
            {
                Minor = 41, MaxReadBytes = 65536, Features = ulong.MaxValue, NoOpen = false, Passthrough = true, Resend = true,
            });
            state.Rows[3] = new BackingRow { Node = 9, Backing = 4, Opens = 2 };
            using var device = File.OpenHandle("/dev/null");
            predecessor.Put(mountPoint, [(int)device.DangerousGetHandle(), state.Descriptor]);
        }

        using var successor = MountKeeperClient.Connect(server.SocketPath);
        Assert.Equal([mountPoint], successor.List());
        using var kept = successor.Acquire(mountPoint);

        Assert.Equal("tree 7"u8.ToArray(), kept!.State.ToArray());
        var (taken, descriptors) = kept.Take();
        Assert.Single(descriptors);
        Assert.Equal("/dev/null", new FileInfo($"/proc/self/fd/{descriptors[0]}").LinkTarget);
        Assert.True(taken.IsNegotiated);
        Assert.Equal((41, 65536, true), (taken.ReadNegotiated().Minor, taken.ReadNegotiated().MaxReadBytes, taken.ReadNegotiated().Resend));
        Assert.Equal(new BackingRow { Node = 9, Backing = 4, Opens = 2 }, taken.Rows[3]);
        _ = Libc.Close(descriptors[0]);
        taken.Dispose();
    }

    [Fact]
    public async Task What_is_dropped_or_was_never_there_is_missing()
    {
        await using var server = KeeperServer.Start(Options);
        using var client = MountKeeperClient.Connect(server.SocketPath);
        var mountPoint = Place();
        Put(client, mountPoint);

        client.Drop(mountPoint);
        client.Drop(mountPoint);

        Assert.Null(client.Acquire(mountPoint));
        Assert.Empty(client.List());
    }

    [Fact]
    public async Task Putting_again_replaces_and_nothing_leaks()
    {
        await using var server = KeeperServer.Start(Options with { MaxMounts = 2 });
        using var client = MountKeeperClient.Connect(server.SocketPath);
        Put(client, Place());
        Put(client, Place());
        var before = TestDescriptors.Count();

        for (var round = 0; round < 50; round++)
        {
            Put(client, client.List()[0]);
            using var kept = client.Acquire(client.List()[1]);
            Assert.Throws<FuseException>(() => Put(client, Place())); // There is no room for a third.
        }

        Assert.Equal(before, TestDescriptors.Count());
    }

    [Fact]
    public async Task Messages_that_are_not_understood_are_refused_and_leak_nothing()
    {
        await using var server = KeeperServer.Start(Options);
        using var client = MountKeeperClient.Connect(server.SocketPath);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        await Task.Run(() => socket.Connect(new UnixDomainSocketEndPoint(server.SocketPath))); // It stays one that waits.
        using var file = File.OpenHandle("/dev/null");
        int[] one = [(int)file.DangerousGetHandle()];
        Assert.Equal(FuseErrno.None, MessageSocket.Send(socket, [(byte)KeeperMessage.List], []));
        Assert.True(MessageSocket.Receive(socket, new byte[100], []) > 0); // The other end is accepted by now.
        var before = TestDescriptors.Count();
        var seed = Environment.TickCount;
        var random = new Random(seed);

        for (var round = 0; round < 300; round++)
        {
            var message = new byte[random.Next(1, 200)];
            random.NextBytes(message);
            message[0] = (byte)(round % 7 == 0 ? 1 : random.Next(20, 255));
            Assert.Equal(FuseErrno.None, MessageSocket.Send(socket, message, round % 2 == 0 ? one : []));
            var answer = new byte[MessageSocket.MaxMessageBytes];
            Assert.Equal(1, MessageSocket.Receive(socket, answer, []));
            Assert.True(answer[0] == (byte)KeeperMessage.Refused, $"seed {seed}");
        }

        Assert.Equal(before, TestDescriptors.Count());
        Assert.Empty(client.List());
    }

    [Fact]
    public async Task A_keeper_that_is_gone_is_told_so()
    {
        var server = KeeperServer.Start(Options);
        using var client = MountKeeperClient.Connect(server.SocketPath);
        Put(client, Place());

        await server.DisposeAsync();

        Assert.False(File.Exists(server.SocketPath));
        Assert.Equal(FuseErrorKind.Keeper, Assert.Throws<FuseException>(() => client.List()).Kind);
        client.Drop(Place()); // Who is gone keeps nothing.
        Assert.Equal(FuseErrorKind.Keeper, Assert.Throws<FuseException>(() => MountKeeperClient.Connect(server.SocketPath)).Kind);
    }

    [Fact]
    public void State_of_another_version_is_refused()
    {
        var descriptor = Libc.CreateMemory("test", Libc.MemoryCloseOnExec);
        Assert.Equal(0, Libc.Truncate(descriptor, 4 * 1024 * 1024));

        Assert.Equal(FuseErrorKind.Keeper, Assert.Throws<FuseException>(() => MountState.Open(descriptor)).Kind);
    }

    [Fact]
    public void State_that_is_too_large_is_refused() =>
        Assert.Throws<ArgumentException>(() => MountState.Create(new byte[MountState.MaxKeptBytes + 1]));

    [Fact]
    public async Task A_command_that_leaves_no_mount_is_not_started_again()
    {
        var starts = 0;

        var code = await MountKeeper.RunAsync(new MountKeeperOptions
        {
            Program = "/bin/sh",
            Arguments = ["-c", $"test -S \"${MountKeeperClient.SocketVariable}\" && exit 7"],
            Started = _ => starts++,
        });

        Assert.Equal((7, 1), (code, starts));
    }

    [Fact]
    public async Task A_command_that_leaves_a_mount_is_started_again_up_to_the_limit()
    {
        var starts = 0;
        var directory = Directory.CreateTempSubdirectory("larder-keeper-test-");
        var path = Path.Combine(directory.FullName, "socket");

        var code = await MountKeeper.RunAsync(new MountKeeperOptions
        {
            Program = "/bin/sh",
            Arguments = ["-c", "sleep 0.2; kill -9 $$"],
            SocketPath = path,
            MaxRestarts = 3,
            FirstDelay = TimeSpan.FromMilliseconds(10),
            Started = _ =>
            {
                if (starts++ == 0)
                {
                    using var client = MountKeeperClient.Connect(path);
                    Put(client, Place());
                }
            },
        });

        Assert.Equal((137, 4), (code, starts));
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_keeper_that_is_asked_to_end_asks_its_command()
    {
        using var stop = new CancellationTokenSource();
        var options = new MountKeeperOptions
        {
            Program = "/bin/sh",
            Arguments = ["-c", "trap 'exit 5' TERM; while true; do sleep 0.05; done"],
            Started = _ => stop.CancelAfter(300),
        };

        Assert.Equal(5, await MountKeeper.RunAsync(options, stop.Token));
    }

    [Fact]
    public async Task A_keeper_that_starts_later_is_waited_for()
    {
        var directory = Directory.CreateTempSubdirectory("larder-keeper-test-");
        var path = Path.Combine(directory.FullName, "socket");
        var connecting = MountKeeperClient.ConnectAsync(path, TimeSpan.FromMinutes(1));
        await Task.Delay(50);
        Assert.False(connecting.IsCompleted);

        await using (KeeperServer.Start(Options with { SocketPath = path }))
        {
            using var client = await connecting;
            Assert.Empty(client.List());
        }

        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_keeper_that_never_comes_is_not_waited_for_for_ever()
    {
        var connecting = MountKeeperClient.ConnectAsync(Place(), TimeSpan.FromMilliseconds(50));

        Assert.Equal(FuseErrorKind.Keeper, (await Assert.ThrowsAsync<FuseException>(() => connecting)).Kind);
    }

    private static string Place() => Path.Combine(Path.GetTempPath(), $"larder-{Guid.NewGuid():N}");

    private static void Put(MountKeeperClient client, string mountPoint)
    {
        using var state = MountState.Create([]);
        using var device = File.OpenHandle("/dev/null");
        client.Put(mountPoint, [(int)device.DangerousGetHandle(), state.Descriptor]);
    }
}
