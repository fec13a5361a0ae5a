using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Indexer.State;
using Larder.Wasm;
using Larder.Wasm.Modules;

namespace Larder.Indexer.Guests;

/// <summary>
/// A guest's module, compiled so that it does the same on every machine, with the memory and the limits of its runs.
/// Instances of it run blocks and views. Thread safe.
/// </summary>
public sealed class IndexerModule : IDisposable
{
    /// <summary>Name of the export that holds the memory.</summary>
    internal const string MemoryExport = "memory";

    /// <summary>Name of the export that indexes a block.</summary>
    internal const string BlockExport = "_start";

    private const string MetadataExport = "__meta";

    // Raised when the same module over the same blocks could come to other results: when the costs in fuel, the units of the
    // stack, the host's calls or the meaning of a profile change. Not with every build: an index outlives the engine.
    private const int EngineVersion = 1;
    private const int RecipeVersion = 1;

    // An image of the memory after the start costs as much to keep as the memory; larger ones are made anew each time.
    private const long LargestImageBytes = 64L << 20;

    // Nothing that leaves a result open; one memory, whose 32-bit addresses are what the host's calls take.
    private const WasmFeatures Features = WasmFeatures.Version2 | WasmFeatures.TailCalls | WasmFeatures.ExtendedConstants;

    private static readonly CompileOptions Compilation = new()
    {
        MemoryChecks = MemoryChecks.Explicit,
        Fuel = true,
        CallDepth = true,
        CanonicalNaNs = true,
        Features = Features,
    };

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private StartImage? _image;
    private bool _startsAnew;
    private bool _disposed;

    private IndexerModule(CompiledModule compiled, IndexerModuleOptions options, Fingerprint digest, MemoryPlan plan)
    {
        Compiled = compiled;
        Options = options;
        ModuleDigest = digest;
        Plan = plan;
        Recipe = RecipeOf(digest, options);
        Views = [.. compiled.Module.Exports.Where(export => IsView(compiled.Module, export)).Select(export => export.Name)];
    }

    /// <summary>Names everything that decides what runs come to: module, memory profile, limits, version of the engine.</summary>
    public Fingerprint Recipe { get; }

    /// <summary>SHA-256 of the module as it was given.</summary>
    public Fingerprint ModuleDigest { get; }

    /// <summary>Its memory.</summary>
    public MemoryProfile Profile => Options.Memory;

    /// <summary>How it was loaded.</summary>
    public IndexerModuleOptions Options { get; }

    /// <summary>Its views: exports without parameters that answer an i32, in order, without those that begin with two underscores.</summary>
    public IReadOnlyList<string> Views { get; }

    internal CompiledModule Compiled { get; }

    /// <summary>The memory of its instances.</summary>
    internal MemoryPlan Plan { get; }

    /// <summary>Compiles a module and checks that it can be served: nothing of it runs.</summary>
    /// <param name="module">The binary form; it must not change as long as the result is in use.</param>
    /// <param name="options">Memory and limits.</param>
    /// <exception cref="IndexerException">
    /// It is no valid module, imports what guests are not given, or cannot have the memory that it is to have
    /// (<see cref="IndexerErrorKind.BadModule"/>); an option is out of range (<see cref="IndexerErrorKind.Configuration"/>).
    /// </exception>
    public static IndexerModule Load(ReadOnlyMemory<byte> module, IndexerModuleOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        GuestLimitsCheck.Require(options);
        var digest = Fingerprint.OfContent(module.Span);
        try
        {
            var given = WasmModule.Parse(module, features: Features);
            var refusal = given.Imports.Select(HostAbi.Refuse).FirstOrDefault(reason => reason is not null) ?? RefuseExports(given);
            if (refusal is not null)
            {
                throw new GuestDataException(refusal);
            }

            var plan = MemoryPlan.Create(given, options.Memory);
            var compiled = CompiledModule.Compile(ModuleRewriter.Rewrite(module, given, plan), Compilation);
            return new IndexerModule(compiled, options, digest, plan);
        }
        catch (GuestDataException exception)
        {
            throw new IndexerException(
                IndexerErrorKind.BadModule, $"The module cannot be an indexer: {exception.Message}.", exception);
        }
        catch (WasmException exception)
        {
            throw new IndexerException(
                IndexerErrorKind.BadModule, $"The module cannot be loaded: {exception.Message}.", exception);
        }
    }

    /// <summary>Makes an instance, which runs one block or view at a time.</summary>
    public GuestInstance CreateInstance()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
        }

        return new GuestInstance(this);
    }

    /// <summary>
    /// Compiles every function to machine code now, so that the first block does not have to. Without it each is compiled when it
    /// first runs.
    /// </summary>
    /// <param name="cancellationToken">Ends the work early; what is compiled stays.</param>
    public Task PrepareAsync(CancellationToken cancellationToken = default) => Compiled.PrepareAsync(cancellationToken);

    /// <summary>What the module says about itself; null when it says nothing. Runs its export <c>__meta</c>.</summary>
    /// <exception cref="IndexerException">The export fails, or what it answers is malformed.</exception>
    public IndexerMetadata? ReadMetadata(CancellationToken cancellationToken = default)
    {
        if (!Compiled.Module.Exports.Any(export => export.Name == MetadataExport && HasViewType(Compiled.Module, export)))
        {
            return null;
        }

        using var instance = CreateInstance();
        var message = instance.RunView(MetadataExport, 0, default, EmptyReader.Instance, cancellationToken);
        try
        {
            return IndexerMetadata.Read(message);
        }
        catch (GuestDataException exception)
        {
            throw new IndexerException(
                IndexerErrorKind.GuestFailed, $"What {MetadataExport} answers is malformed: {exception.Message}.", exception);
        }
    }

    /// <summary>Frees what instances start from. Instances that are there can go on.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _startsAnew = true;
            _image?.Snapshot.Dispose();
            _image = null;
        }
    }

    /// <summary>The export that blocks or a view run; null when there is none. A function of the host is none.</summary>
    internal ModuleExport? FindFunction(string name, bool isView)
    {
        var module = Compiled.Module;
        var export = module.Exports.FirstOrDefault(export => export.Name == name);
        return export is not null && (isView ? HasViewType(module, export) : HasBlockType(module, export)) ? export : null;
    }

    /// <summary>The state behind the module's start, if that is known and depends on nothing.</summary>
    internal StartImage? Image
    {
        get
        {
            lock (_gate)
            {
                return _image;
            }
        }
    }

    /// <summary>Tells what a start came to, before anything else ran in the instance. Returns the image that it now begins from.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="calledHost">Whether the start called the host, so that another one may come to something else.</param>
    /// <param name="fuel">Fuel that it used.</param>
    internal StartImage? NoteStart(Instance instance, bool calledHost, long fuel)
    {
        lock (_gate)
        {
            if (_image is not null || _startsAnew)
            {
                return null;
            }

            if (calledHost || instance.Memories[0].ByteLength > LargestImageBytes)
            {
                _startsAnew = true;
                return null;
            }

            try
            {
                _image = new StartImage(instance.Snapshot(), fuel);
            }
            catch (Exception exception) when (exception is NotSupportedException or WasmException)
            {
                // Host references in a table, or no room for an image: every run starts anew then.
                _startsAnew = true;
            }

            return _image;
        }
    }

    private static string? RefuseExports(WasmModule module)
    {
        var memory = module.Exports.FirstOrDefault(export => export.Name == MemoryExport);
        if (memory?.Kind != ExternKind.Memory && module.ImportedMemoryCount == 0)
        {
            return $"it neither exports a memory named \"{MemoryExport}\" nor imports one, so the host cannot read or write it";
        }

        var start = module.Exports.FirstOrDefault(export => export.Name == BlockExport);
        return start is not null && !HasBlockType(module, start)
            ? $"its export \"{BlockExport}\" is no function () -> () of its own"
            : null;
    }

    private static bool IsView(WasmModule module, ModuleExport export) =>
        HasViewType(module, export) && !export.Name.StartsWith("__", StringComparison.Ordinal);

    private static bool HasBlockType(WasmModule module, ModuleExport export) =>
        IsOwnFunction(module, export) && module.FunctionTypeOf(export.Index) is { Parameters: [], Results: [] };

    private static bool IsOwnFunction(WasmModule module, ModuleExport export) =>
        export.Kind == ExternKind.Function && export.Index >= module.ImportedFunctionCount;

    private static bool HasViewType(WasmModule module, ModuleExport export) =>
        IsOwnFunction(module, export)
        && module.FunctionTypeOf(export.Index) is { Parameters: [], Results: [WasmType.I32] };

    private static Fingerprint RecipeOf(Fingerprint digest, IndexerModuleOptions options)
    {
        var memory = options.Memory;
        var limits = options.Limits;
        return new RecipeBuilder(ArtifactKind.Parse("indexer"), RecipeVersion)
            .Add("module", digest)
            .Add("engine", EngineVersion)
            .Add("memory.initial-pages", memory.InitialPages ?? -1L)
            .Add("memory.maximum-pages", memory.MaximumPages ?? -1L)
            .Add("memory.preallocated-pages", memory.PreallocatedPages)
            .Add("memory.heap-base-global", memory.HeapBaseGlobal ?? -1L)
            .Add("limits.block-fuel", limits.BlockFuel)
            .Add("limits.view-fuel", limits.ViewFuel)
            .Add("limits.call-depth", limits.CallDepth)
            .Add("limits.table-elements", limits.TableElements)
            .Add("limits.input-bytes", limits.InputBytes)
            .Add("limits.key-bytes", limits.KeyBytes)
            .Add("limits.flush-bytes", limits.FlushBytes)
            .Add("limits.flush-pairs", limits.FlushPairs)
            .Add("limits.result-bytes", limits.ResultBytes)
            .Build()
            .Fingerprint;
    }
}
