using System.Runtime.CompilerServices;
using Larder.Fuse;
using Larder.Fuse.Wire;

namespace Larder.Tests.Fuse;

public sealed class NegotiationTests
{
    [Fact]
    public void Structures_have_the_sizes_of_the_protocol()
    {
        Assert.Equal(40, Unsafe.SizeOf<InHeader>());
        Assert.Equal(16, Unsafe.SizeOf<OutHeader>());
        Assert.Equal(88, Unsafe.SizeOf<FuseAttributes>());
        Assert.Equal(128, Unsafe.SizeOf<EntryOut>());
        Assert.Equal(104, Unsafe.SizeOf<AttributesOut>());
        Assert.Equal(16, Unsafe.SizeOf<OpenOut>());
        Assert.Equal(40, Unsafe.SizeOf<ReadIn>());
        Assert.Equal(80, Unsafe.SizeOf<StatisticsOut>());
        Assert.Equal(24, Unsafe.SizeOf<DirectoryEntry>());
        Assert.Equal(64, Unsafe.SizeOf<InitOut>());
        Assert.Equal(16, Unsafe.SizeOf<BackingMap>());
    }

    [Fact]
    public async Task A_new_kernel_gets_everything()
    {
        var files = new ScriptedFileSystem();
        await using var kernel = new FakeKernel(files);

        var answer = kernel.Greet(7, 45, FakeKernel.AllFeatures);

        var features = (Feature)(answer.Flags | ((ulong)answer.Flags2 << 32));
        Assert.Equal((7u, 45u), (answer.Major, answer.Minor));
        Assert.Equal(256, answer.MaxPages);
        Assert.Equal(1u, answer.MaxStackDepth);
        Assert.True(features.HasFlag(
            Feature.Extended | Feature.Passthrough | Feature.Resend | Feature.ReadDirectoryPlus | Feature.ReadDirectoryPlusAuto
            | Feature.ParallelDirectories | Feature.CacheSymbolicLinks | Feature.NoOpenDirectorySupport | Feature.MaxPages));
        Assert.False(features.HasFlag(Feature.NoOpenSupport));
        Assert.Equal(1, files.Started);
        Assert.True(files.Connection!.Passthrough);
        Assert.True(files.Connection.Resend);
        await kernel.Session.Negotiated;
    }

    [Fact]
    public async Task A_newer_kernel_is_spoken_to_in_words_that_are_known()
    {
        await using var kernel = new FakeKernel(new ScriptedFileSystem());

        Assert.Equal(45u, kernel.Greet(7, 60, FakeKernel.AllFeatures).Minor);
    }

    [Theory]
    [InlineData(23)]
    [InlineData(31)]
    [InlineData(35)]
    public async Task An_old_kernel_gets_what_it_offers(uint minor)
    {
        var files = new ScriptedFileSystem();
        await using var kernel = new FakeKernel(files);

        var answer = kernel.Greet(7, minor, (ulong)(Feature.AsyncRead | Feature.ReadDirectoryPlus | Feature.Passthrough));

        Assert.Equal(minor, answer.Minor);
        Assert.Equal((uint)(Feature.AsyncRead | Feature.ReadDirectoryPlus), answer.Flags);
        Assert.Equal(0u, answer.Flags2);
        Assert.Equal(0, answer.MaxPages);
        Assert.Equal(0u, answer.MaxStackDepth);
        Assert.False(files.Connection!.Passthrough);
        Assert.Equal(128 * 1024, files.Connection.MaxReadBytes);
    }

    [Fact]
    public async Task The_second_word_of_features_counts_only_when_it_is_announced()
    {
        await using var kernel = new FakeKernel(new ScriptedFileSystem());

        var answer = kernel.Greet(7, 45, ~(ulong)Feature.Extended);

        Assert.Equal(0u, answer.Flags2);
    }

    [Fact]
    public async Task A_later_major_version_is_answered_with_ours_and_asks_again()
    {
        await using var kernel = new FakeKernel(new ScriptedFileSystem());

        Assert.Equal(7u, kernel.Greet(8, 0, FakeKernel.AllFeatures).Major);
        Assert.False(kernel.Session.Negotiated.IsCompleted);

        Assert.Equal(45u, kernel.Greet(7, 45, FakeKernel.AllFeatures).Minor);
        await kernel.Session.Negotiated;
    }

    [Fact]
    public async Task A_kernel_that_is_too_old_is_refused_with_a_reason()
    {
        await using var kernel = new FakeKernel(new ScriptedFileSystem());

        var answer = kernel.Call(FuseOpcode.Initialize, 0, [.. FakeKernel.Bytes(new InitIn { Major = 7, Minor = 12 }), .. new byte[44]]);

        Assert.Equal(FuseErrno.Protocol, answer.Errno);
        var exception = await Assert.ThrowsAsync<FuseException>(() => kernel.Session.Negotiated);
        Assert.Equal(FuseErrorKind.Protocol, exception.Kind);
        Assert.Contains("7.12", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_decide_what_is_asked_for()
    {
        await using var kernel = new FakeKernel(new ScriptedFileSystem(), new FuseMountOptions
        {
            MountPoint = "/nowhere",
            NoOpen = true,
            NoOpenDirectory = false,
            ReadDirectoryPlus = false,
            CacheSymbolicLinks = false,
            MaxReadBytes = 64 * 1024,
        });

        var answer = kernel.Greet(7, 45, FakeKernel.AllFeatures);

        var features = (Feature)(answer.Flags | ((ulong)answer.Flags2 << 32));
        Assert.Equal(16, answer.MaxPages);
        Assert.True(features.HasFlag(Feature.NoOpenSupport));
        Assert.Equal(
            Feature.None,
            features & (Feature.Passthrough | Feature.NoOpenDirectorySupport | Feature.ReadDirectoryPlus | Feature.CacheSymbolicLinks));
        Assert.Equal(FuseErrno.NotImplemented, kernel.Call(FuseOpcode.Open, 2, new byte[8]).Errno);
        Assert.Equal(0, kernel.Call(FuseOpcode.OpenDirectory, 1, new byte[8]).Error);
    }

    [Fact]
    public async Task Opens_are_served_when_the_kernel_cannot_do_without()
    {
        var options = new FuseMountOptions { MountPoint = "/nowhere", NoOpen = true };
        await using var kernel = new FakeKernel(new ScriptedFileSystem(), options);

        kernel.Greet(7, 45, (ulong)Feature.AsyncRead);

        Assert.Equal(77ul, kernel.Call(FuseOpcode.Open, 2, new byte[8]).Ok<OpenOut>().Handle);
        Assert.Equal(0, kernel.Call(FuseOpcode.OpenDirectory, 1, new byte[8]).Error);
    }

    [Fact]
    public async Task A_connection_that_ends_before_its_first_word_is_an_error()
    {
        await using var kernel = new FakeKernel(new ScriptedFileSystem());

        kernel.Close();

        var exception = await Assert.ThrowsAsync<FuseException>(() => kernel.Session.Negotiated);
        Assert.Equal(FuseErrorKind.Kernel, exception.Kind);
    }
}
