using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using Larder.Handlers.Contract;
using Larder.Handlers.Engine;
using Larder.Wasm;

namespace Larder.Handlers.Execution;

/// <summary>
/// One run of a handler, from its call to its end, over any number of suspensions. It lives longer than the calls of the
/// host that drive it; its engine stays with it while it is suspended. For one thread at a time.
/// </summary>
internal sealed partial class HandlerRun
{
    // More promises that nobody waits for are not told apart.
    private const int MaxRejections = 32;

    private readonly HandlerRuntimeOptions _options;
    private readonly HandlerContext _context;
    private readonly ExecutionLimits _limits;
    private readonly DeadlineWatch _watch;
    private readonly WatchedRun _watched = new();
    private readonly StateView _state;
    private readonly EffectBuffer _effects;
    private readonly Queue<ExtensionCall> _outstanding = [];
    private readonly int[] _callCounts = new int[(int)HostOperation.Count];
    private Dictionary<JsValue, JsValue>? _rejections;
    private HandlerInstance? _instance;
    private JsValue _promise;
    private int _hostCalls;
    private int _extensionCalls;
    private long _fuelUsed;
    private TimeSpan _timeUsed;

    /// <summary>Prepares a run.</summary>
    public HandlerRun(
        LoadedHandler handler, HandlerContext context, ExecutionLimits limits, HandlerRuntimeOptions options, DeadlineWatch watch)
    {
        Handler = handler;
        _context = context;
        _limits = limits;
        _options = options;
        _watch = watch;
        _state = new StateView(context.State);
        _effects = new EffectBuffer(limits);
    }

    /// <summary>The handler.</summary>
    public LoadedHandler Handler { get; }

    /// <summary>What it sees of the world.</summary>
    public HandlerContext Context => _context;

    /// <summary>The call that a suspended run waits for.</summary>
    public ExtensionCall Awaited { get; private set; }

    /// <summary>Whether the thread's stack was too small for the latest part.</summary>
    public bool NeedsDeepStack { get; private set; }

    /// <summary>Time that guest code ran in the latest part.</summary>
    public TimeSpan PartTime { get; private set; }

    private QuickJsInstance Engine => _instance!.Engine; // Not null while a part runs; nothing else asks.

    /// <summary>Runs the handler until it ends or is suspended.</summary>
    /// <param name="instance">The instance, which was reset; the run keeps it while it is suspended.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="OperationCanceledException">The caller stopped it.</exception>
    public HandlerResult Start(HandlerInstance instance, CancellationToken cancellationToken)
    {
        _instance = instance;
        return RunPart(
            static run =>
            {
                var isReady = run._instance!.TryPrepare(run.Handler);
                run._instance.Run = run;
                run.BeginFuel();
                run._promise = isReady ? run.Engine.Call(run._instance.Function) : JsValue.Exception;
            },
            cancellationToken);
    }

    /// <summary>Answers the call that the run waits for, and goes on until it ends or is suspended again.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="OperationCanceledException">The caller stopped it.</exception>
    public HandlerResult Resume(ResumeResult answer, CancellationToken cancellationToken) => RunPart(
        run =>
        {
            run.BeginFuel();
            var call = run.Awaited;
            var value = answer.Success
                ? answer.Value.ValueKind == JsonValueKind.Undefined ? JsValue.Undefined : run.Engine.ParseJson(HandlerJson.TextOf(answer.Value))
                : run.Engine.NewString(answer.Error ?? "the extension call failed");
            if (!value.IsException)
            {
                run.Engine.Call(run._instance!.Home.Settle, JsValue.FromInt32(call.Number), JsValue.FromBoolean(answer.Success), value);
            }
            else
            {
                run._promise = JsValue.Exception;
            }
        },
        cancellationToken);

    private HandlerResult RunPart(Action<HandlerRun> begin, CancellationToken cancellationToken)
    {
        Array.Clear(_callCounts);
        var fuelBefore = _fuelUsed;
        var started = Stopwatch.GetTimestamp();
        Engine.ClockNanoseconds = _options.Time.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000;
        if (Engine.Store.IsInterrupted)
        {
            // By a caller that gave up in the very moment in which the part before ended.
            Engine.ClearInterrupt();
        }

        _watch.Begin(_watched, Engine.Store, _limits.Timeout > TimeSpan.Zero ? _limits.Timeout - _timeUsed : null);
        using var stop = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(static engine => ((QuickJsInstance)engine!).Interrupt(), Engine)
            : default;
        PartEnd end;
        try
        {
            begin(this);
            end = Finish();
        }
        catch (GuestTrapException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            NeedsDeepStack = exception.Trap.Kind == TrapKind.StackOverflow;
            end = PartEnd.Failed(ErrorOf(exception.Trap));
        }
        catch (GuestMemoryException)
        {
            end = PartEnd.Failed(MemoryError());
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or JsonException or OverflowException)
        {
            // The engine gave what it never gives: addresses beyond its memory, texts that are none. Only bytecode that no
            // compiler made gets it there.
            end = PartEnd.Failed(new HandlerError(HandlerErrorCode.WasmError, $"the engine's memory is damaged: {exception.Message}"));
        }
        finally
        {
            _watch.End(_watched);
            PartTime = Stopwatch.GetElapsedTime(started);
            _timeUsed += PartTime;
            EndFuel();
        }

        return _effects.TakeInto(new HandlerResult
        {
            Status = end.Error is not null ? HandlerStatus.Error : end.IsSuspended ? HandlerStatus.Suspended : HandlerStatus.Success,
            ReturnValue = end.Value,
            Error = end.Error,
            Metrics = new ExecutionMetrics
            {
                RunTime = PartTime,
                MemoryUsedBytes = Engine.HasHeapCounter ? Engine.HeapBytes : 0,
                MemoryPeakBytes = Engine.MemoryBytes,
                InstructionCount = _fuelUsed - fuelBefore,
                HostCalls = CountedCalls(),
            },
        });
    }

    private void BeginFuel() => Engine.Fuel = _limits.Fuel == 0 ? long.MaxValue : Math.Max(0, _limits.Fuel - _fuelUsed);

    private void EndFuel()
    {
        if (_options.Metering)
        {
            _fuelUsed += (_limits.Fuel == 0 ? long.MaxValue : Math.Max(0, _limits.Fuel - _fuelUsed)) - Math.Max(0, Engine.Fuel);
        }
    }

    // Runs what is left to do, and sees how far the handler's promise is then.
    private PartEnd Finish()
    {
        if (_promise.IsException)
        {
            return PartEnd.Failed(ErrorOf(Engine.TakeException()));
        }

        int outcome;
        while ((outcome = Engine.RunJob()) > 0)
        {
        }

        if (outcome < 0)
        {
            return PartEnd.Failed(ErrorOf(Engine.TakeException()));
        }

        var state = Engine.StateOf(_promise);
        if (state == PromiseState.Rejected)
        {
            _rejections?.Remove(_promise);
            return PartEnd.Failed(ErrorOf(Engine.ResultOf(_promise)));
        }

        if (state == PromiseState.Fulfilled)
        {
            ReportRejections();
            return Returned(Engine.ResultOf(_promise));
        }

        if (!_outstanding.TryDequeue(out var call))
        {
            return PartEnd.Failed(new HandlerError(
                HandlerErrorCode.ExecutionError, "the handler waits for a promise that nothing settles"));
        }

        Awaited = call;
        return PartEnd.Suspended;
    }

    private PartEnd Returned(JsValue value)
    {
        if (value.IsUndefined)
        {
            return default;
        }

        if (Engine.TryReadJson(value))
        {
            return Returned(Engine.ReadJson);
        }

        var json = Engine.Stringify(value);
        if (json.IsException)
        {
            var error = ErrorOf(Engine.TakeException());
            return PartEnd.Failed(error.Code == HandlerErrorCode.ExecutionError
                ? error with { Code = HandlerErrorCode.SerializationError, Message = "the return value is not JSON: " + error.Message }
                : error);
        }

        if (json.IsUndefined)
        {
            return PartEnd.Failed(new HandlerError(
                HandlerErrorCode.SerializationError, "the return value is not JSON: it is a function or a symbol"));
        }

        var address = Engine.Text(json, out var length);
        if (address == 0)
        {
            throw new GuestMemoryException();
        }

        return Returned(Engine.Bytes(address, length));
    }

    private PartEnd Returned(ReadOnlySpan<byte> json)
    {
        try
        {
            _effects.AddOutput(json.Length);
            return new PartEnd(HandlerJson.Parse(json), null, false);
        }
        catch (HostRefusal refusal)
        {
            return PartEnd.Failed(new HandlerError(refusal.Code, refusal.Code == HandlerErrorCode.SerializationError
                ? "the return value cannot be passed on: " + refusal.Message
                : refusal.Message));
        }
    }

    private ImmutableDictionary<string, int> CountedCalls()
    {
        ImmutableDictionary<string, int>.Builder? counts = null;
        for (var operation = 0; operation < _callCounts.Length; operation++)
        {
            if (_callCounts[operation] > 0)
            {
                (counts ??= ImmutableDictionary.CreateBuilder<string, int>())[CountedNames[operation]!] = _callCounts[operation]; // Counted, so named.
            }
        }

        return counts?.ToImmutable() ?? ImmutableDictionary<string, int>.Empty;
    }
}
