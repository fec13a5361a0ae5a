using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Memory;
using Larder.Handlers.Contract;
using Larder.Handlers.Engine;
using Larder.Wasm;

namespace Larder.Handlers.Compilation;

/// <summary>
/// Compiles handlers, each once, and keeps them: decoded and verified in memory, as files in the tiers below.
/// </summary>
/// <remarks>
/// <para>
/// A request names a handler by its source. A handler remembers the string that it was asked for with, so that the same
/// string is not hashed again; a hit in memory takes one lookup, no lock and no allocation. What is in memory was verified
/// when it came there. A miss asks disk and remote tier through the <see cref="TieredCache"/>, and compiles last; requests for
/// one source share all of that.
/// </para>
/// <para>
/// What a tier gives is checked as a <see cref="HandlerArtifact"/> once more: a tier keeps what it was given, and somebody
/// may have given it the wrong thing. What fails is counted, removed everywhere, and compiled anew.
/// </para>
/// <para>Thread safe.</para>
/// </remarks>
internal sealed partial class HandlerCompiler : IAsyncDisposable
{
    // A power of two.
    private const int RecentHandlers = 1024;

    private readonly HandlerCompilerOptions _options;
    private readonly TieredCache _cache;
    private readonly Func<CancellationToken, Task<CompiledModule>> _engine;
    private readonly HandlerBuild _build;
    private readonly BoundedCache<Fingerprint, CompiledHandler> _memory;
    private readonly BoundedCache<Fingerprint, RememberedError> _errors;
    private readonly ArtifactKey _warmSetKey;
    private readonly CompilerCounters _counters = new();

    // Handlers by the identity of the string that they were asked for with last. A wrong one costs a digest and nothing else.
    private readonly CompiledHandler?[] _recent = new CompiledHandler?[RecentHandlers];
    private readonly ConcurrentBag<QuickJsCompiler> _compilers = [];
    private readonly SemaphoreSlim _turns;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _warming;

    /// <summary>Creates a compiler.</summary>
    /// <param name="options">How it works.</param>
    /// <param name="cache">The tiers below memory; they must outlive the compiler.</param>
    /// <param name="engineDigest">SHA-256 of the engine module in hex.</param>
    /// <param name="engine">Gives the engine; asked for when something has to be compiled.</param>
    /// <exception cref="HandlersException">An option is out of range.</exception>
    public HandlerCompiler(
        HandlerCompilerOptions options,
        TieredCache cache,
        string engineDigest,
        Func<CancellationToken, Task<CompiledModule>> engine)
    {
        options.Validate();
        _options = options;
        _cache = cache;
        _engine = engine;
        _build = new HandlerBuild(engineDigest, options.VersionTag, options.KeepSource, options.Key);
        _warmSetKey = WarmSet.RecipeOf(_build).Key;
        _memory = new BoundedCache<Fingerprint, CompiledHandler>(new BoundedCacheOptions<Fingerprint, CompiledHandler>
        {
            CapacityBytes = options.CapacityBytes,
            Weigher = static (_, handler) => handler.WeightBytes,
            RemovalListener = Forget,
        });
        _errors = new BoundedCache<Fingerprint, RememberedError>(
            new BoundedCacheOptions<Fingerprint, RememberedError> { MaxEntries = options.MaxRememberedErrors });
        _turns = new SemaphoreSlim(options.Parallelism);
        Watch();
        _warming = options.WarmInterval > TimeSpan.Zero && options.WarmBytes > 0 ? SaveWarmSetsAsync() : Task.CompletedTask;
    }

    /// <summary>The kind of compiled handlers.</summary>
    public static ArtifactKind Kind { get; } = ArtifactKind.Parse("handler");

    /// <summary>
    /// Finds or makes the compiled form of a handler. Completes at once when it is in memory.
    /// </summary>
    /// <param name="source">The body of an async function.</param>
    /// <param name="cancellationToken">Gives up waiting, for this caller only.</param>
    /// <exception cref="HandlersException">The engine cannot be had.</exception>
    public ValueTask<HandlerCompilation> CompileAsync(string source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ref var recent = ref _recent[RuntimeHelpers.GetHashCode(source) & (RecentHandlers - 1)];
        Fingerprint digest;
        if (recent is { } last && last.IsLent(source))
        {
            digest = last.SourceDigest;
        }
        else if (TryDigest(source, out digest) is { } error)
        {
            _counters.Miss();
            return new ValueTask<HandlerCompilation>(new HandlerCompilation(null, error, HandlerOrigin.Compiled, null));
        }

        _memory.TryGet(digest, out var handler);
        NoteLookup(digest, handler);
        if (handler is null)
        {
            return FindOrMakeAsync(source, digest, cancellationToken);
        }

        if (!handler.IsLent(source))
        {
            handler.Lend(source);
            recent = handler;
        }

        handler.CountUse();
        _counters.MemoryHit();
        return new ValueTask<HandlerCompilation>(new HandlerCompilation(handler, null, HandlerOrigin.Memory, null));
    }

    /// <summary>Verifies a compiled handler that a caller gives.</summary>
    /// <param name="artifact">The bytes; copied if they are kept.</param>
    /// <param name="fault">What is wrong with them.</param>
    /// <returns>The handler; null when something is wrong. Equal bytes give the same object while memory holds it.</returns>
    public CompiledHandler? Open(ReadOnlyMemory<byte> artifact, out ArtifactFault fault)
    {
        _counters.Given();
        fault = HandlerArtifact.Read(artifact, _build, sourceDigest: null, out var handler);
        if (handler is null)
        {
            _counters.Fault(fault);
            return null;
        }

        // Kept by its own checksum and never by its source: a caller's word on what it was made from is not to be trusted.
        if (_memory.TryGet(handler.Checksum, out var known))
        {
            return known;
        }

        HandlerArtifact.Read(artifact.ToArray(), _build, sourceDigest: null, out handler);
        if (handler is not null)
        {
            _memory.Put(handler.Checksum, handler);
        }

        return handler;
    }

    /// <summary>The name under which the tiers know a handler.</summary>
    public Fingerprint KeyOf(CompiledHandler handler) => KeyOf(handler.SourceDigest);

    /// <summary>The name under which the cache keeps the handler whose source has this digest.</summary>
    public Fingerprint KeyOf(Fingerprint sourceDigest) => _build.RecipeOf(Kind, sourceDigest).Fingerprint;

    /// <summary>
    /// Removes every handler from memory and disk, and forgets the errors. Counters stay; the remote tier belongs to other
    /// nodes too.
    /// </summary>
    public async Task ClearAsync(CancellationToken cancellationToken = default)
    {
        _memory.Clear();
        _errors.Clear();
        if (_cache.Disk is { } disk)
        {
            // Until then it does not know all that it holds.
            await disk.Recovered.WaitAsync(cancellationToken).ConfigureAwait(false);
            foreach (var entry in disk.List(Kind).ToArray())
            {
                await _cache.RemoveAsync(entry.Key, cancellationToken).ConfigureAwait(false);
            }
        }

        await _cache.RemoveAsync(_warmSetKey, cancellationToken).ConfigureAwait(false);
        _memory.Clear();
    }

    /// <summary>Writes the list of handlers to warm, and frees the engines.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await _warming.ConfigureAwait(false);
        await _firstWarming.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await SaveWarmSetAsync(CancellationToken.None).ConfigureAwait(false);
        for (var turn = 0; turn < _options.Parallelism; turn++)
        {
            await _turns.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        while (_compilers.TryTake(out var compiler))
        {
            compiler.Dispose();
        }

        _turns.Dispose();
        _ending.Dispose();
    }

    private HandlerError? TryDigest(string source, out Fingerprint digest)
    {
        digest = default;
        if (string.IsNullOrWhiteSpace(source))
        {
            return new HandlerError(HandlerErrorCode.InvalidHandler, "the handler is empty");
        }

        Span<byte> bytes = stackalloc byte[Fingerprint.Size];
        var length = source.Length;
        if (length <= _options.MaxSourceBytes && !HandlerScript.TryDigest(source, bytes, out length))
        {
            return new HandlerError(HandlerErrorCode.InvalidHandler, "the handler is not text: it has half of a surrogate pair");
        }

        if (length > _options.MaxSourceBytes)
        {
            return new HandlerError(
                HandlerErrorCode.InvalidHandler,
                $"the handler is longer than the {_options.MaxSourceBytes} bytes that a handler may have");
        }

        digest = new Fingerprint(bytes);
        return null;
    }

    private async ValueTask<HandlerCompilation> FindOrMakeAsync(string source, Fingerprint digest, CancellationToken cancellationToken)
    {
        if (_errors.TryGet(digest, out var remembered))
        {
            if (_options.Time.GetElapsedTime(remembered.At) < _options.ErrorTtl)
            {
                _counters.RememberedError();
                return new HandlerCompilation(null, remembered.Error, HandlerOrigin.Memory, null);
            }

            _errors.RemoveExactly(digest, remembered);
        }

        try
        {
            var handler = await _memory.GetOrAddAsync(
                digest,
                (Compiler: this, Source: source),
                static (key, state, token) => state.Compiler.FlyAsync(state.Source, key, token),
                cancellationToken).ConfigureAwait(false);
            NoteStored(digest, handler);
            handler.Lend(source);
            _counters.Answer(handler.FirstOrigin);
            return new HandlerCompilation(handler, null, handler.FirstOrigin, handler.CompilationTime);
        }
        catch (HandlersException exception) when (exception.Error is { } error)
        {
            _counters.Miss();
            return new HandlerCompilation(null, error, HandlerOrigin.Compiled, null);
        }
    }

    // The one run for all who ask for a source that is not in memory.
    private async ValueTask<CompiledHandler> FlyAsync(string source, Fingerprint digest, CancellationToken cancellationToken)
    {
        var run = new CompileRun(this, source, digest);
        var recipe = _build.RecipeOf(Kind, digest);
        for (var isFirst = true; HasTier; isFirst = false)
        {
            try
            {
                using var lease = await _cache.GetOrFillAsync(
                    recipe, run, static (state, target, token) => state.FillAsync(target, token), cancellationToken).ConfigureAwait(false);
                if (run.Handler is not null)
                {
                    return Remember(run.Handler);
                }

                var origin = lease.Source switch
                {
                    TierKind.Remote => HandlerOrigin.Remote,
                    TierKind.Memory => HandlerOrigin.Memory,
                    TierKind.Fill => HandlerOrigin.Compiled,
                    _ => HandlerOrigin.Disk,
                };
                var fault = HandlerArtifact.Read(ArtifactBytes.Copy(lease.Content), _build, digest, out var found, origin);
                if (found is not null)
                {
                    return Remember(found);
                }

                _counters.Fault(fault);
            }
            catch (CacheException)
            {
                // No tier took it, or a tier is broken: that degrades the cache and not the answer.
                break;
            }

            if (!isFirst)
            {
                break;
            }

            // Wrong for everybody: it would come back from the remote tier, too.
            await _cache.RemoveEverywhereAsync(recipe.Key, cancellationToken).ConfigureAwait(false);
        }

        return Remember(run.Handler ?? await MakeAsync(source, digest, cancellationToken).ConfigureAwait(false));
    }

    private bool HasTier
    {
        get
        {
            var kind = _cache.OptionsFor(Kind);
            return (kind.Disk && _cache.Disk is not null) || (kind.Memory && _cache.Memory is not null);
        }
    }

    private async Task<CompiledHandler> MakeAsync(string source, Fingerprint digest, CancellationToken cancellationToken)
    {
        var module = await _engine(cancellationToken).ConfigureAwait(false);
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Make(module, source, digest), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }
    }

    private CompiledHandler Make(CompiledModule module, string source, Fingerprint digest)
    {
        if (!_compilers.TryTake(out var compiler))
        {
            compiler = new QuickJsCompiler(module);
        }

        var began = Stopwatch.GetTimestamp();
        var text = Encoding.UTF8.GetBytes(source);
        var map = SourceMap.Of(source);
        CompiledScript script;
        try
        {
            script = compiler.Compile(text, map, _options.Timeout);
        }
        catch
        {
            // It failed in a way that it never should: nobody uses it again.
            compiler.Dispose();
            throw;
        }

        _compilers.Add(compiler);
        var took = Stopwatch.GetElapsedTime(began);
        _counters.Compiled(took, !script.IsCompiled);
        if (!script.IsCompiled)
        {
            throw new HandlersException(Failed(script.Error, source, map, digest));
        }

        var file = HandlerArtifact.Write(_build, digest, script.Bytecode, map.Encode(), _options.KeepSource ? text : null);
        return HandlerArtifact.Read(file, _build, digest, out var handler, HandlerOrigin.Compiled, took) == ArtifactFault.None
            ? handler!
            : throw new InvalidOperationException("A compiled handler cannot be read right after it was written.");
    }

    private HandlerError Failed(HandlerError error, string source, SourceMap map, Fingerprint digest)
    {
        if (error.Location is { } location)
        {
            error = error with { Snippet = map.Snippet(source, location.Line) };
        }

        // How long it takes depends on the machine; everything else is the same the next time.
        if (error.Code is HandlerErrorCode.CompilationError or HandlerErrorCode.InvalidHandler && _options.ErrorTtl > TimeSpan.Zero)
        {
            _errors.Put(digest, new RememberedError(error, _options.Time.GetTimestamp()));
        }

        return error;
    }

    /// <summary>What the fill of a tier and the flight above it share.</summary>
    private sealed class CompileRun(HandlerCompiler compiler, string source, Fingerprint digest)
    {
        /// <summary>The handler, when this run compiled it.</summary>
        public CompiledHandler? Handler { get; private set; }

        public async ValueTask<ArtifactMetadata> FillAsync(ArtifactWriter target, CancellationToken cancellationToken)
        {
            var handler = await compiler.MakeAsync(source, digest, cancellationToken).ConfigureAwait(false);
            Handler = handler;
            await target.WriteAsync(handler.Artifact, cancellationToken).ConfigureAwait(false);
            return ArtifactWriter.AsWritten;
        }
    }

    private sealed record RememberedError(HandlerError Error, long At);
}
