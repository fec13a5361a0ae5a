using System.Buffers.Binary;
using Larder.Wasm;

namespace Larder.Handlers.Engine;

/// <summary>
/// One JavaScript engine: the QuickJS module of npm's <c>quickjs-wasi</c> in a store of its own, by its C interface. Values
/// are counted references into its memory; whoever restores an image afterwards need not free them. For one thread at a
/// time, but <see cref="Interrupt"/> is for any.
/// </summary>
internal sealed partial class QuickJsInstance : IDisposable
{
    /// <summary>Bytes of the memory limit that the heap cannot have: the engine's stack and constants, and a reserve.</summary>
    public const long EngineBytes = 2048 * 1024;
    private const int ReserveBytes = 512 * 1024;
    private const int PageBytes = 64 * 1024;
    private const int MemoryUsageBytes = 26 * 8;
    private const int ScratchBytes = 16;
    private const int WordsOfRuntime = 32;

    private readonly Store _store;
    private readonly Instance _instance;
    private readonly WasmMemory _memory;
    private readonly QuickJsExports _exports;
    private int _runtime;
    private int _context;

    // Where the engine keeps the bytes of its heap; 0 when it could not be found.
    private int _heapCounter;

    // A few bytes for results that come through an address.
    private int _scratch;

    private readonly int _heapLimit;
    private readonly HeapJsonWriter _writer = new();
    private readonly ValueEncoder _encoder = new();
    private HeapLayout _heap;
    private int _valueVersion;

    /// <summary>Starts an engine.</summary>
    /// <exception cref="HandlersException">The module is not the one that this class knows, or it cannot start.</exception>
    public QuickJsInstance(CompiledModule module, QuickJsLimits limits, QuickJsIntrinsics intrinsics)
        : this(limits, (store, imports) => store.Instantiate(module, imports), module)
    {
        try
        {
            _exports.Initialize.Do();
            if (_exports.Start.Call((int)intrinsics) != 0)
            {
                throw new HandlersException(HandlersErrorKind.EngineUnavailable, "The JavaScript engine does not start.");
            }

            _exports.SetMemoryLimit.Do(_heapLimit);
            _exports.SetMaxStackSize.Do(limits.StackBytes);
            _exports.TrackRejections.Do(1);
            _runtime = _exports.RuntimePointer.Call();
            _context = _exports.ContextPointer.Call();
            _scratch = Allocate(ScratchBytes);
            _heapCounter = FindHeapCounter();
            _heap = HeapLayoutFinder.Find(this);
            _valueVersion = FindValueVersion();
        }
        catch (GuestTrapException exception)
        {
            Dispose();
            throw new HandlersException(
                HandlersErrorKind.EngineUnavailable, $"The JavaScript engine does not start: {exception.Message}.", exception);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Makes an engine that goes on from an image.</summary>
    public QuickJsInstance(QuickJsImage image, QuickJsLimits limits)
        : this(limits, (store, imports) => store.Instantiate(image.Snapshot, imports), image.Snapshot.Module) => Adopt(image);

    private QuickJsInstance(QuickJsLimits limits, Func<Store, Imports, Instance> instantiate, CompiledModule module)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MemoryBytes, QuickJsLimits.LeastMemoryBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limits.StackBytes, QuickJsLimits.MostStackBytes);
        _heapLimit = (int)Math.Min(limits.MemoryBytes - EngineBytes, int.MaxValue - ReserveBytes);
        _store = new Store(new StoreOptions
        {
            MemoryPages = (ulong)(limits.MemoryBytes / PageBytes),
            StackBytes = limits.NativeStackBytes,
            Instances = 16,
        });
        try
        {
            _instance = instantiate(_store, ImportsFor(module.Module));
            _memory = _instance.Memory("memory") ?? throw Foreign("memory");
            _exports = new QuickJsExports(_instance);
        }
        catch
        {
            _store.Dispose();
            throw;
        }
    }

    /// <summary>What answers when JavaScript calls the host.</summary>
    public HostFunction? OnCall { get; set; }

    /// <summary>What hears of promises that nobody waits for.</summary>
    public RejectionTracker? OnRejection { get; set; }

    /// <summary>The time that JavaScript sees, in nanoseconds since 1970.</summary>
    public long ClockNanoseconds { get; set; }

    /// <summary>The store, for deadlines.</summary>
    public Store Store => _store;

    /// <summary>Fuel left; matters when the module was compiled with fuel.</summary>
    public long Fuel
    {
        get => _instance.Fuel;
        set => _instance.Fuel = value;
    }

    /// <summary>Bytes of the instance's memory.</summary>
    public long MemoryBytes => (long)_memory.ByteLength;

    /// <summary>Bytes of the JavaScript heap.</summary>
    public long HeapBytes => _heapCounter == 0 ? ComputeHeapBytes() : ReadInt32(_heapCounter);

    /// <summary>Whether the heap's bytes are at hand without a walk through the heap.</summary>
    public bool HasHeapCounter => _heapCounter != 0;

    /// <summary>Stops what runs, or what runs next, until <see cref="ClearInterrupt"/>. For any thread.</summary>
    public void Interrupt() => _store.Interrupt();

    /// <summary>Lets code run again.</summary>
    public void ClearInterrupt() => _store.ClearInterrupt();

    /// <summary>Whether values can be read where they lie.</summary>
    public bool HasHeapLayout => _heap.IsKnown;

    /// <summary>Version of the engine's binary form of values; 0 when values do not enter it in that form.</summary>
    public int ValueVersion => _valueVersion;

    /// <summary>Address of the engine's runtime.</summary>
    internal int RuntimeAddress => _runtime;

    /// <summary>Opens the reserve of memory, so that a handler which used up its own can be asked what happened.</summary>
    public void RaiseMemoryLimit() => _exports.SetMemoryLimit.Do(_heapLimit + ReserveBytes);

    /// <summary>Takes an image of the whole engine. Nothing may run in it.</summary>
    /// <param name="basis">The image that it began as; what does not differ is not kept twice. Null for none.</param>
    public QuickJsImage TakeImage(QuickJsImage? basis = null) => new(_instance.Snapshot(basis?.Snapshot), new QuickJsLayout(_runtime, _context, _heapCounter, _scratch, _heap, _valueVersion));

    /// <summary>Puts the engine back to an image, of this one or of another one of the same module.</summary>
    /// <param name="image">The image.</param>
    /// <param name="present">The image that it was put back to last, if nothing was done with it since; null otherwise.</param>
    public void Restore(QuickJsImage image, QuickJsImage? present = null)
    {
        _instance.Restore(image.Snapshot, present?.Snapshot);
        Adopt(image);
    }

    /// <summary>All of the memory, for tests and checks.</summary>
    public ReadOnlySpan<byte> Memory() => _memory.Span(0, (int)_memory.ByteLength);

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    internal static HandlersException Foreign(string name) => new(
        HandlersErrorKind.EngineUnavailable,
        $"The JavaScript engine's module has no '{name}'; use quickjs.wasm of the package quickjs-wasi 3.6.2.");

    private void Adopt(QuickJsImage image)
    {
        _runtime = image.Layout.Runtime;
        _context = image.Layout.Context;
        _heapCounter = image.Layout.HeapCounter;
        _scratch = image.Layout.Scratch;
        _heap = image.Layout.Heap;
        _valueVersion = image.Layout.ValueVersion;
    }

    // The engine counts what its heap takes in a field of its runtime, and tells nobody without counting objects as well.
    // The field is the only word near the runtime's beginning that follows two changes of the heap.
    private int FindHeapCounter()
    {
        var found = 0;
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var wanted = ComputeHeapBytes();
            for (var word = 0; word < WordsOfRuntime && found == 0; word++)
            {
                if (ReadInt32(_runtime + (4 * word)) == wanted)
                {
                    found = _runtime + (4 * word);
                }
            }

            if (found == 0 || ReadInt32(found) != wanted)
            {
                return 0;
            }

            NewString(new byte[100_000]);
        }

        return found;
    }

    private long ComputeHeapBytes()
    {
        var buffer = Allocate(MemoryUsageBytes);
        _exports.ComputeMemoryUsage.Do(buffer);
        var bytes = BinaryPrimitives.ReadInt64LittleEndian(Bytes(buffer, sizeof(long)));
        Free(buffer);
        return bytes;
    }
}
