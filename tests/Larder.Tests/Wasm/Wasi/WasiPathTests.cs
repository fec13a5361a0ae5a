using System.Diagnostics;
using Larder.Wasm.Wasi;

namespace Larder.Tests.Wasm.Wasi;

/// <summary>Paths end below the granted directory, whatever they say and whoever changes what lies there.</summary>
public sealed class WasiPathTests
{
    [Theory]
    [InlineData("..")]
    [InlineData("../outside/secret")]
    [InlineData("../granted")]
    [InlineData("./../outside/secret")]
    [InlineData("sub/../../outside/secret")]
    [InlineData("sub//.././/../outside/secret")]
    [InlineData("sub/../..")]
    [InlineData("/")]
    [InlineData("/etc/passwd")]
    [InlineData("//etc/passwd")]
    public void Paths_that_lead_out_are_refused(string path)
    {
        using var guest = new WasiGuest();
        Directory.CreateDirectory(guest["sub"]);

        Assert.Equal(Errno.NotCapable, guest.Open(path));
        Assert.Equal(Errno.NotCapable, guest.Calls.PathStatus(guest.Memory, WasiGuest.Root, 1, guest.Put(path), WasiGuest.Data));
        Assert.Equal(Errno.NotCapable, guest.Calls.CreateDirectory(guest.Memory, WasiGuest.Root, guest.Put(path)));
        Assert.Equal(Errno.NotCapable, guest.Calls.Unlink(guest.Memory, WasiGuest.Root, guest.Put(path)));
        Assert.Equal(Errno.NotCapable, guest.Calls.RemoveDirectory(guest.Memory, WasiGuest.Root, guest.Put(path)));
        Assert.True(File.Exists(Path.Combine(guest.Outside, "secret")));
    }

    [Theory]
    [InlineData("../outside/secret", "link")]
    [InlineData("../outside", "link/secret")]
    [InlineData("..", "link/outside/secret")]
    [InlineData("../granted/sub", "link")]
    [InlineData("sub/../../outside/secret", "link")]
    [InlineData("/etc/passwd", "link")]
    [InlineData("/", "link/etc/passwd")]
    public void Links_that_lead_out_are_refused(string target, string path)
    {
        using var guest = new WasiGuest();
        Directory.CreateDirectory(guest["sub"]);
        File.CreateSymbolicLink(guest["link"], target);

        Assert.Equal(Errno.NotCapable, guest.Open(path));
        Assert.Equal(Errno.NotCapable, guest.Open(path, OpenFlags.Create, Rights.AllFile));
        Assert.Equal(Errno.NotCapable, guest.Calls.PathStatus(guest.Memory, WasiGuest.Root, 1, guest.Put(path), WasiGuest.Data));
    }

    [Fact]
    public void A_link_to_a_link_that_leads_out_is_refused()
    {
        using var guest = new WasiGuest();
        Directory.CreateDirectory(guest["a/b"]);
        File.CreateSymbolicLink(guest["a/b/up"], "../..");
        File.CreateSymbolicLink(guest["first"], "a/b/up/second");
        File.CreateSymbolicLink(guest["second"], "../outside/secret");

        Assert.Equal(Errno.NotCapable, guest.Open("first"));
        Assert.Equal(Errno.NotCapable, guest.Open("a/b/up/../outside/secret"));
    }

    [Fact]
    public void Links_within_are_followed()
    {
        using var guest = new WasiGuest();
        Directory.CreateDirectory(guest["a/b"]);
        File.WriteAllText(guest["text"], "hello");
        File.CreateSymbolicLink(guest["a/b/up"], "../..");
        File.CreateSymbolicLink(guest["a/link"], "b/up/./text");

        Assert.Equal("hello", guest.Read(guest.Opened("a/b/up/a/link")));
        Assert.Equal("hello", guest.Read(guest.Opened("a/../a/./b/../b//up/text")));
    }

    [Fact]
    public void A_link_is_not_followed_where_the_guest_does_not_ask_for_it()
    {
        using var guest = new WasiGuest();
        File.WriteAllText(guest["text"], "hello");
        File.CreateSymbolicLink(guest["link"], "text");

        Assert.Equal(Errno.Loop, guest.Open("link", follow: false));
        Assert.Equal(Errno.Exists, guest.Open("link", OpenFlags.Create | OpenFlags.Exclusive, Rights.AllFile));
        Assert.Equal(Errno.Success, guest.Calls.Unlink(guest.Memory, WasiGuest.Root, guest.Put("link")));
        Assert.True(File.Exists(guest["text"]));
    }

    [Fact]
    public void Links_that_never_end_are_refused()
    {
        using var guest = new WasiGuest();
        File.CreateSymbolicLink(guest["a"], "b");
        File.CreateSymbolicLink(guest["b"], "a");
        File.CreateSymbolicLink(guest["self"], "self/self/self");

        Assert.Equal(Errno.Loop, guest.Open("a"));
        Assert.Equal(Errno.Loop, guest.Open("self/x"));
    }

    [Fact]
    public void Above_an_opened_directory_nothing_can_be_named()
    {
        using var guest = new WasiGuest();
        Directory.CreateDirectory(guest["sub"]);
        File.WriteAllText(guest["text"], "hello");
        var sub = guest.OpenedDirectory("sub");

        Assert.Equal(Errno.NotCapable, guest.Open("../text", directory: sub));
        Assert.Equal(Errno.NotCapable, guest.Open("..", OpenFlags.Directory, Rights.None, directory: sub));
    }

    [Fact]
    public void An_opened_directory_that_is_moved_away_does_not_lead_out()
    {
        using var guest = new WasiGuest();
        Directory.CreateDirectory(guest["a/b"]);
        var inner = guest.OpenedDirectory("a/b");
        Directory.Move(guest["a/b"], Path.Combine(guest.Outside, "b"));

        Assert.Equal(Errno.NotCapable, guest.Open("../secret", directory: inner));
    }

    [Fact]
    public async Task Swapping_a_directory_for_a_link_never_lets_the_guest_out()
    {
        using var guest = new WasiGuest();
        Directory.CreateDirectory(guest["real"]);
        await File.WriteAllTextAsync(guest["real/secret"], "harmless", TestContext.Current.CancellationToken);
        using var end = new CancellationTokenSource();
        var swapping = Task.Run(
            () =>
            {
                while (!end.IsCancellationRequested)
                {
                    Directory.Move(guest["real"], guest["name"]);
                    Directory.Move(guest["name"], guest["real"]);
                    File.CreateSymbolicLink(guest["name"], "../outside");
                    File.Delete(guest["name"]);
                }
            },
            TestContext.Current.CancellationToken);

        // Both sides of the race must be met, which takes longer on a machine that is busy with other things.
        var read = 0;
        var refused = 0;
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromSeconds(1)
            || ((read == 0 || refused == 0) && clock.Elapsed < TimeSpan.FromSeconds(60)))
        {
            var error = guest.Open("name/secret");
            if (error != Errno.Success)
            {
                Assert.Contains(error, (Errno[])[Errno.NoEntry, Errno.NotCapable, Errno.NotDirectory]);
                refused += error == Errno.NotCapable ? 1 : 0;
                continue;
            }

            var number = guest.Memory.Read32(WasiGuest.Result);
            Assert.Equal("harmless", guest.Read(number));
            guest.Calls.Close(number);
            read++;
        }

        await end.CancelAsync();
        await swapping;
        Assert.True(read > 0, "The directory was never met.");
        Assert.True(refused > 0, "The link was never met.");
    }

    [Fact]
    public void Words_that_are_no_paths_are_refused()
    {
        using var guest = new WasiGuest();

        Assert.Equal(Errno.NoEntry, guest.Open(""));
        Assert.Equal(Errno.Invalid, guest.Open("a\0b"));
        Assert.Equal(Errno.IllegalSequence, guest.Calls.Unlink(guest.Memory, WasiGuest.Root, guest.Put([0x61, 0xFF])));
        Assert.Equal(Errno.NameTooLong, guest.Open(new string('a', 300)));
        Assert.Equal(Errno.NameTooLong, guest.Open(new string('/', 5000)));
    }

    [Fact]
    public void Paths_that_are_deeper_than_the_limit_are_refused()
    {
        using var guest = new WasiGuest();
        Directory.CreateDirectory(guest["a"]);
        File.CreateSymbolicLink(guest["a/a"], ".");

        Assert.Equal(Errno.Loop, guest.Open(string.Concat(Enumerable.Repeat("a/", 100)) + "x"));

        var deep = string.Join('/', Enumerable.Repeat("d", 300));
        Directory.CreateDirectory(guest[deep]);
        Assert.Equal(Errno.NameTooLong, guest.Open(deep, OpenFlags.Directory, Rights.None));
        Assert.Equal(Errno.Success, guest.Open(deep[..400], OpenFlags.Directory, Rights.None));
    }

    [Fact]
    public void Pipes_are_refused_and_not_waited_for()
    {
        using var guest = new WasiGuest();
        using var process = Process.Start("mkfifo", guest["pipe"]);
        process.WaitForExit();

        Assert.Equal(Errno.NotSupported, guest.Open("pipe"));
        Assert.Equal(Errno.NotSupported, guest.Open("pipe", rights: Rights.AllFile));
    }

    [Theory]
    [InlineData("/etc/passwd", Errno.NotCapable)]
    [InlineData("../../outside", Errno.NotCapable)]
    [InlineData("name/../../..", Errno.NotCapable)]
    [InlineData("..", Errno.Success)]
    [InlineData("../sub/name", Errno.Success)]
    [InlineData("name", Errno.Success)]
    public void Links_are_only_made_when_they_stay_within(string target, object expected)
    {
        using var guest = new WasiGuest();
        Directory.CreateDirectory(guest["sub"]);

        var error = guest.Calls.Symlink(guest.Memory, guest.Put(target), WasiGuest.Root, guest.PutSecond("sub/link"));

        Assert.Equal(expected, error);
        Assert.Equal(error == Errno.Success, new FileInfo(guest["sub/link"]).LinkTarget is not null);
    }

    [Fact]
    public void A_slash_at_the_end_wants_a_directory()
    {
        using var guest = new WasiGuest();
        Directory.CreateDirectory(guest["sub"]);
        File.WriteAllText(guest["text"], "hello");

        Assert.Equal(Errno.NotDirectory, guest.Open("text/"));
        Assert.Equal(Errno.NotDirectory, guest.Open("text/."));
        Assert.Equal(Errno.IsDirectory, guest.Open("new/", OpenFlags.Create, Rights.AllFile));
        Assert.Equal(Errno.NotDirectory, guest.Calls.Unlink(guest.Memory, WasiGuest.Root, guest.Put("text/")));
        Assert.Equal(Errno.IsDirectory, guest.Calls.Unlink(guest.Memory, WasiGuest.Root, guest.Put("sub/")));
        Assert.Equal(Errno.Success, guest.Calls.RemoveDirectory(guest.Memory, WasiGuest.Root, guest.Put("sub/")));
        Assert.Equal(["text"], Directory.EnumerateFileSystemEntries(guest.Granted).Select(Path.GetFileName));
    }
}
