using System.Collections.Immutable;
using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Cache.Remote;
using Larder.Handlers;
using Larder.Handlers.Compilation;
using Larder.Handlers.Engine;
using Larder.Tests.Support;
using Larder.Tests.Tiering;
using Larder.Wasm;

namespace Larder.Tests.Handlers.Compilation;

/// <summary>Compilers over one temporary directory and one remote store, with the real engine.</summary>
internal sealed class CompilerFixture : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("larder-handlers-").FullName;
    private readonly CompiledModule _engine = TestEngine.Compiled();

    public ManualTimeProvider Time { get; } = new();

    public FaultyRemoteStore Remote { get; } = new();

    /// <summary>How often a compiler asked for the engine.</summary>
    public int EngineRequests { get; private set; }

    /// <summary>Options with the fixture's clock.</summary>
    public HandlerCompilerOptions Options => new() { Time = Time };

    /// <summary>Opens tiers as a node would.</summary>
    public ValueTask<TieredCache> OpenAsync(bool withDisk = true, bool withRemote = false) => TieredCache.OpenAsync(new CacheOptions
    {
        Disk = withDisk ? new DiskTierOptions { Directory = _directory } : null,
        Remote = withRemote ? new RemoteTierOptions { Store = Remote } : null,
        Kinds = HandlerKinds.Complete(ImmutableSortedDictionary<string, KindOptions>.Empty, withDisk),
    });

    /// <summary>Makes a compiler.</summary>
    public HandlerCompiler Compiler(TieredCache cache, HandlerCompilerOptions? options = null, string? engineDigest = null) => new(
        options ?? Options,
        cache,
        engineDigest ?? EngineModule.KnownDigest,
        _ =>
        {
            EngineRequests++;
            return Task.FromResult(_engine);
        });

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }
}
