using System.Security.Cryptography;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Compilation;

/// <summary>Bytes under a handler's name that are not that handler: never used, counted, replaced.</summary>
public sealed class WrongArtifactTests : IAsyncDisposable
{
    private readonly CompilerFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData(ArtifactFault.NotAnArtifact)]
    [InlineData(ArtifactFault.Truncated)]
    [InlineData(ArtifactFault.Damaged)]
    [InlineData(ArtifactFault.ForeignSource)]
    [InlineData(ArtifactFault.ForeignEngine)]
    [InlineData(ArtifactFault.ForeignOptions)]
    [InlineData(ArtifactFault.NotAuthentic)]
    [InlineData(ArtifactFault.UnknownVersion)]
    public async Task What_is_wrong_on_disk_is_counted_removed_and_compiled_anew(ArtifactFault fault)
    {
        var options = _fixture.Options with { Key = new byte[32] };
        await using var cache = await _fixture.OpenAsync();
        var (key, right) = await CompileAsync(cache, options, "return 'right'");
        await cache.PutAsync(key, await WrongAsync(cache, options, right, fault));

        await using var compiler = _fixture.Compiler(cache, options);
        var answer = await compiler.CompileAsync("return 'right'");

        Assert.Equal(HandlerOrigin.Compiled, answer.Origin);
        Assert.Equal(right, answer.Handler!.Artifact.ToArray());
        Assert.Equal((fault, 1), (compiler.Statistics().Faults.Single().Key, compiler.Statistics().Faults.Single().Value));
        Assert.Equal((0, 1), (compiler.Statistics().Hits, compiler.Statistics().Misses));
        using var lease = await cache.GetAsync(key);
        Assert.Equal(right, ArtifactBytes.Copy(lease.Content));
    }

    [Fact]
    public async Task What_is_wrong_is_not_brought_into_memory_at_the_start()
    {
        await using var cache = await _fixture.OpenAsync();
        var swapped = await CompileAsync(cache, _fixture.Options, "return 'swapped'");
        var (key, _) = await CompileAsync(cache, _fixture.Options, "return 'right'");
        await cache.PutAsync(key, swapped.Artifact);

        await using var compiler = _fixture.Compiler(cache);
        var ready = await compiler.WarmFromLastTimeAsync();

        Assert.Equal((0, 1), (ready, compiler.Statistics().Faults[ArtifactFault.ForeignSource]));
        Assert.Equal(HandlerOrigin.Compiled, (await compiler.CompileAsync("return 'right'")).Origin);
    }

    [Fact]
    public async Task What_a_caller_gives_is_verified_and_never_taken_for_the_source_that_it_names()
    {
        await using var cache = await _fixture.OpenAsync();
        await using var compiler = _fixture.Compiler(cache);
        var given = (await compiler.CompileAsync("return 1")).Handler!.Artifact.ToArray();

        var opened = compiler.Open(given, out var fault);
        var again = compiler.Open(given.ToArray(), out _);
        var compiled = await compiler.CompileAsync("return 1");

        Assert.Equal(ArtifactFault.None, fault);
        Assert.Same(opened, again);
        Assert.NotSame(opened, compiled.Handler);
        Assert.Equal("return 1", opened!.Source);
        for (var position = 0; position < given.Length; position++)
        {
            given[position] ^= 0x20;
            Assert.Null(compiler.Open(given, out _));
            given[position] ^= 0x20;
        }

        for (var length = 0; length < given.Length; length++)
        {
            Assert.Null(compiler.Open(given.AsMemory(0, length), out fault));
            Assert.Equal(ArtifactFault.Truncated, fault);
        }

        // What was opened is a copy: the caller's array may change.
        given.AsSpan().Clear();
        Assert.Equal(compiled.Handler!.Bytecode.ToArray(), opened.Bytecode.ToArray());
        Assert.Equal(2 + (2 * given.Length), compiler.Statistics().Given);
    }

    private async Task<(ArtifactKey Key, byte[] Artifact)> CompileAsync(TieredCache cache, HandlerCompilerOptions options, string source)
    {
        await using var compiler = _fixture.Compiler(cache, options);
        var handler = (await compiler.CompileAsync(source)).Handler!;
        return (new ArtifactKey(HandlerCompiler.Kind, compiler.KeyOf(handler)), handler.Artifact.ToArray());
    }

    private async Task<byte[]> WrongAsync(TieredCache cache, HandlerCompilerOptions options, byte[] right, ArtifactFault fault)
    {
        switch (fault)
        {
            case ArtifactFault.NotAnArtifact:
                return "return 'right'"u8.ToArray();
            case ArtifactFault.Truncated:
                return right[..^1];
            case ArtifactFault.Damaged:
                return Patched(right, right.Length / 2);
            case ArtifactFault.UnknownVersion:
                return Patched(right, 8);
            case ArtifactFault.ForeignSource:
                return (await CompileAsync(cache, options, "return 'swapped'")).Artifact;
            case ArtifactFault.ForeignOptions:
                return (await CompileAsync(cache, options with { VersionTag = "other" }, "return 'right'")).Artifact;
            case ArtifactFault.ForeignEngine:
                await using (var compiler = _fixture.Compiler(cache, options, engineDigest: new string('b', 64)))
                {
                    return (await compiler.CompileAsync("return 'right'")).Handler!.Artifact.ToArray();
                }

            case ArtifactFault.NotAuthentic:
                // The checksum is right: who forges can compute it.
                var forged = Patched(right, right.Length / 2);
                SHA256.HashData(forged.AsSpan(..^32), forged.AsSpan(^32..));
                return forged;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault));
        }
    }

    private static byte[] Patched(byte[] bytes, int position)
    {
        var patched = bytes.ToArray();
        patched[position] ^= 0x40;
        return patched;
    }
}
