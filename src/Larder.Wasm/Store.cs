using System.Collections.Immutable;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Larder.Wasm.Compilation;
using Larder.Wasm.Execution;
using Larder.Wasm.Runtime;

namespace Larder.Wasm;

/// <summary>
/// Everything that instances which can reach each other share: their memories, tables, globals and functions. What is
/// made in a store lives until the store is disposed, and cannot be used with another one.
/// <para>
/// One thread at a time may use a store and what belongs to it; only <see cref="Interrupt"/> is for other threads.
/// Different stores are independent, also when they run the same modules.
/// </para>
/// </summary>
public sealed unsafe partial class Store : IDisposable
{
    private const nuint StackMargin = 128 * 1024;

    // How much deeper than it may a guest is let go, so that calls from nearby need nothing new.
    private const nuint StackSlack = 4 * 1024;
    private const int ScratchBytes = 1000 * RawValue.Bytes;

    private readonly Lock _gate = new();

    // Guarded by _gate for writing, because an interruption reads it from another thread.
    private readonly List<Instance> _instances = [];
    private readonly List<nint> _blocks = [];
    private readonly List<IDisposable> _owned = [];
    private readonly List<GCHandle> _handles = [];
    private readonly Dictionary<nint, WasmFunction> _functions = [];
    private readonly Dictionary<int, CanonicalType> _types = [];
    private readonly Dictionary<object, nint> _externs = new(ReferenceEqualityComparer.Instance);
    private readonly List<object> _externObjects = [];
    private int _depth;
    private nuint _stackLimit;
    private volatile int _interrupted;
    private bool _countsDepth;
    private bool _releaseLater;
    private bool _disposed;

    /// <summary>Creates an empty store.</summary>
    public Store(StoreOptions? options = null)
    {
        Options = options ?? new StoreOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(Options.StackBytes, 16 * 1024);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Options.MemoryPages, MemoryRegion.MaximumPages32);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Options.CallDepth);
        Scratch = Allocate(ScratchBytes);
    }

    /// <summary>Frees what a store holds that was not disposed.</summary>
    ~Store() => Release();

    /// <summary>The limits.</summary>
    public StoreOptions Options { get; }

    /// <summary>Whether <see cref="Interrupt"/> was called and <see cref="ClearInterrupt"/> was not.</summary>
    public bool IsInterrupted => _interrupted != 0;

    internal byte* Scratch { get; }

    /// <summary>
    /// Stops the guest code that runs in this store, or else the next call, with <see cref="TrapKind.Interrupted"/>.
    /// It holds until <see cref="ClearInterrupt"/>. For any thread.
    /// </summary>
    public void Interrupt()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _interrupted = 1;
            Interlocked.MemoryBarrier();
            foreach (var instance in _instances)
            {
                instance.SetInterrupt(true);
                instance.SetStackLimit(nuint.MaxValue);
            }
        }
    }

    /// <summary>Lets guest code run again.</summary>
    public void ClearInterrupt()
    {
        lock (_gate)
        {
            _interrupted = 0;
            foreach (var instance in _instances)
            {
                instance.SetInterrupt(false);
                instance.SetStackLimit(_stackLimit);
            }
        }
    }

    /// <summary>
    /// Frees the memories and tables and makes everything that belongs to the store unusable. From within a host function
    /// this is done when the guest code has returned.
    /// </summary>
    public void Dispose()
    {
        if (_depth != 0)
        {
            _releaseLater = true;
            return;
        }

        Release();
        GC.SuppressFinalize(this);
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);

    // Zeroed memory that lives as long as the store.
    internal byte* Allocate(int bytes)
    {
        ThrowIfDisposed();
        var block = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 16), 16);
        NativeMemory.Clear(block, (nuint)Math.Max(bytes, 16));
        lock (_gate)
        {
            _blocks.Add((nint)block);
        }

        return block;
    }

    internal void Own(IDisposable disposable) => _owned.Add(disposable);

    // Handles are weak: the store itself keeps what generated code reaches through them.
    internal nint WeakHandle(object target)
    {
        var handle = GCHandle.Alloc(target, GCHandleType.Weak);
        _handles.Add(handle);
        return GCHandle.ToIntPtr(handle);
    }

    internal void Add(Instance instance)
    {
        lock (_gate)
        {
            if (_instances.Count >= Options.Instances)
            {
                throw new WasmException(
                    WasmErrorKind.LimitExceeded, $"the store holds {_instances.Count} instances, which is its limit");
            }

            _instances.Add(instance);
            _countsDepth |= instance.Module.Options.CallDepth;
            instance.SetInterrupt(_interrupted != 0);
            instance.SetStackLimit(_interrupted != 0 ? nuint.MaxValue : _stackLimit);
        }
    }

    internal void Know(CanonicalType type) => _types.TryAdd(type.Id, type);

    internal void Know(nint record, WasmFunction function) => _functions[record] = function;

    // The function that a reference stands for.
    internal WasmFunction? FunctionAt(nint record)
    {
        if (record == 0)
        {
            return null;
        }

        if (!_functions.TryGetValue(record, out var function))
        {
            var known = (FunctionRecord*)record;
            function = new WasmFunction(this, _types[known->TypeId], known);
            _functions.Add(record, function);
        }

        return function;
    }

    // The number that stands for an object in generated code; null is 0.
    internal nint ExternNumber(object? value)
    {
        if (value is null)
        {
            return 0;
        }

        if (!_externs.TryGetValue(value, out var number))
        {
            _externObjects.Add(value);
            number = _externObjects.Count;
            _externs.Add(value, number);
        }

        return number;
    }

    internal object? ExternAt(nint number) => number == 0 ? null : _externObjects[(int)number - 1];

    /// <summary>Runs guest code and turns what stops it into a trap.</summary>
    internal Trap? Run(FunctionRecord* record, RawValue* arguments, RawValue* results)
    {
        ThrowIfDisposed();
        byte marker;
        if (_depth == 0 && !TrySetStackLimit((nuint)(&marker)))
        {
            return !_countsDepth
                ? new Trap(TrapKind.StackOverflow, _ => [])
                : throw new WasmException(WasmErrorKind.Unavailable, StackBounds.Exhausted);
        }

        long[]? depths = null;
        if (_depth > 0 && _countsDepth && !TryNest(out depths))
        {
            return new Trap(TrapKind.StackOverflow, _ => []);
        }

        var hasReturned = false;
        HostException cause;
        _depth++;
        try
        {
            ((delegate*<nint, nint, nint, nint, void>)record->Entry)(
                record->Code, (nint)record->Context, (nint)arguments, (nint)results);
            hasReturned = true;
            return null;
        }
        catch (TrapException exception)
        {
            return TrapFrom(exception.Kind, exception);
        }
        catch (NullReferenceException exception)
        {
            // Guest code dereferences nothing but its memories; exceptions of host functions come wrapped.
            return TrapFrom(TrapKind.MemoryOutOfBounds, exception);
        }
        catch (DivideByZeroException exception)
        {
            return TrapFrom(TrapKind.DivideByZero, exception);
        }
        catch (OverflowException exception)
        {
            return TrapFrom(TrapKind.IntegerOverflow, exception);
        }
        catch (HostException exception) when (exception.InnerException is HostTrapException)
        {
            var asked = (HostTrapException)exception.InnerException!; // The filter saw it.
            return TrapFrom(asked.Kind, exception, asked.Message);
        }
        catch (HostException exception)
        {
            cause = exception;
        }
        finally
        {
            _depth--;
            if (_countsDepth && (!hasReturned || depths is not null))
            {
                ResetDepth(depths);
            }

            GC.KeepAlive(this);
        }

        // Thrown behind the handler, as in HostCalls.
        ReleaseIfAsked();
        cause.Cause.Throw();
        return null;
    }

    // Does what Dispose left for when no guest code runs any more.
    internal void ReleaseIfAsked()
    {
        if (_depth == 0 && _releaseLater)
        {
            Dispose();
        }
    }

    private bool TrySetStackLimit(nuint current)
    {
        var lowest = StackBounds.Lowest(current) + StackMargin;
        var wanted = (nuint)Options.StackBytes;
        if (_stackLimit >= lowest && current - _stackLimit - wanted < StackSlack)
        {
            // As before, from about the same place on the stack.
            return true;
        }

        if (current <= lowest)
        {
            return false;
        }

        var limit = current - lowest > wanted ? current - wanted : lowest;
        if (limit == _stackLimit)
        {
            return true;
        }

        _stackLimit = limit;
        foreach (var instance in _instances)
        {
            instance.SetStackLimit(limit);
        }

        Interlocked.MemoryBarrier();
        if (_interrupted != 0)
        {
            Interrupt();
        }

        return true;
    }

    // Guest code that a host function calls is deeper than the host's own frames.
    private bool TryNest(out long[] before)
    {
        before = new long[_instances.Count];
        for (var index = 0; index < before.Length; index++)
        {
            before[index] = _instances[index].DepthLeft;
            _instances[index].DepthLeft -= FunctionCompiler.UnitsOfNestedCall;
        }

        if (before.AsSpan().ContainsAnyInRange(0, FunctionCompiler.UnitsOfNestedCall - 1))
        {
            ResetDepth(before);
            return false;
        }

        return true;
    }

    // What calls have taken that did not return is given back: all of it, or what they took since then.
    private void ResetDepth(long[]? before)
    {
        for (var index = 0; index < _instances.Count; index++)
        {
            _instances[index].DepthLeft = before is not null && index < before.Length ? before[index] : Options.CallDepth;
        }
    }

    private Trap TrapFrom(TrapKind kind, Exception exception, string? message = null)
    {
        // The frames are there as long as the exception is; most callers never ask for them.
        var instances = _instances;
        return new Trap(kind, most => Walk(instances, exception, most), message);
    }

    private static ImmutableArray<GuestFrame> Walk(List<Instance> instances, Exception exception, int most)
    {
        var frames = ImmutableArray.CreateBuilder<GuestFrame>();
        foreach (var frame in new StackTrace(exception).GetFrames())
        {
            if (frames.Count == most)
            {
                break;
            }

            if (frame.GetMethod() is MethodInfo method
                && ModuleCompiler.FunctionOf(method.Name) is var function and >= 0
                && instances.Find(instance => instance.Module.Code.Owns(method)) is { } owner)
            {
                frames.Add(new GuestFrame(function, owner.Module.Module.Names.Display(function)));
            }
        }

        return frames.ToImmutable();
    }

    private void Release()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        foreach (var owned in _owned)
        {
            owned.Dispose();
        }

        foreach (var handle in _handles)
        {
            handle.Free();
        }

        foreach (var block in _blocks)
        {
            NativeMemory.AlignedFree((void*)block);
        }
    }
}
