using System.Diagnostics;
using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;
using Larder.Handlers.Execution;
using Larder.Handlers.Pooling;

namespace Larder.Handlers;

// From a compiled handler to a result.
public sealed partial class HandlerRuntime
{
    private async ValueTask<HandlerResult> RunAsync(
        CompiledHandler code,
        HandlerContext context,
        ExecutionLimits? limits,
        ExecutionMetrics metrics,
        long started,
        CancellationToken cancellationToken)
    {
        if (FaultOf(context, limits) is { } fault)
        {
            return Ended(code, context, Failure(new HandlerError(HandlerErrorCode.InvalidArgument, fault), metrics), started);
        }

        var handler = _handlers.Get(code);
        var waits = Stopwatch.GetTimestamp();
        var lease = await _pool.AcquireAsync(context.PanelId, handler, Options.AcquireTimeout, cancellationToken).ConfigureAwait(false);
        metrics = metrics with { QueueTime = Stopwatch.GetElapsedTime(waits) };
        if (lease.Outcome == AcquireOutcome.ShuttingDown)
        {
            throw ShuttingDown();
        }

        if (!lease.IsAcquired)
        {
            return Ended(code, context, Failure(ErrorOf(lease.Outcome, lease.Failure), metrics), started);
        }

        HandlerRun NewRun() => new(handler, context, limits ?? Options.Limits, Options, _watch);
        var run = NewRun();
        var result = Part(lease, () => run.Start(lease.Instance, cancellationToken));
        if (run.NeedsDeepStack)
        {
            run = NewRun();
            result = await _deepStack.RunAsync(() => Part(lease, () =>
            {
                lease.Instance.Reset(handler);
                return run.Start(lease.Instance, cancellationToken);
            })).ConfigureAwait(false);
        }

        return Finish(run, lease, result, metrics, started);
    }

    // Runs a part of a run. When it cannot, the instance is given back.
    private HandlerResult Part(InstanceLease<HandlerInstance> lease, Func<HandlerResult> part)
    {
        try
        {
            return part();
        }
        catch (Exception exception)
        {
            GiveBack(lease, exception is OperationCanceledException ? InstanceVerdict.Reuse : InstanceVerdict.Discard);
            throw;
        }
    }

    // Gives the instance back after a part, or puts it aside.
    private HandlerResult Finish(
        HandlerRun run, InstanceLease<HandlerInstance> lease, HandlerResult result, ExecutionMetrics metrics, long started)
    {
        result = WithTimes(result, metrics);
        if (result.Status == HandlerStatus.Suspended)
        {
            return Suspended(run, lease, result, started);
        }

        GiveBack(lease, result.Error?.Code switch
        {
            // What trapped for a reason that is not known is not used again, though restoring it would do.
            HandlerErrorCode.WasmError => InstanceVerdict.Discard,

            // All of its memory may have to be dropped, and the answer is late already.
            HandlerErrorCode.Timeout or HandlerErrorCode.MemoryLimit => InstanceVerdict.ReuseLater,
            _ => InstanceVerdict.Reuse,
        });
        return Ended(run.Handler.Code, run.Context, result, started);
    }

    private HandlerResult Suspended(HandlerRun run, InstanceLease<HandlerInstance> lease, HandlerResult result, long started)
    {
        var call = run.Awaited;
        var (code, name) = (run.Handler.Code, run.Context.HandlerName);
        var id = Guid.NewGuid();
        result = result with
        {
            Suspension = new Suspension(id, call.Extension, call.Method, call.Arguments),
            Metrics = result.Metrics with { Duration = Stopwatch.GetElapsedTime(started) },
        };

        // From here on the run belongs to whoever resumes it.
        if (_pool.TrySuspend(lease, id))
        {
            _metrics.Record(code.SourceDigest, name, result, run.Context.PanelId);
            return result;
        }

        GiveBack(lease, InstanceVerdict.Reuse);
        var error = new HandlerError(
            HandlerErrorCode.ResourceLimit, "the handler waits for an extension, but there is no room for one more suspended run");
        return Ended(run.Handler.Code, run.Context, result with { Status = HandlerStatus.Error, Suspension = null, Error = error }, started);
    }

    private void GiveBack(InstanceLease<HandlerInstance> lease, InstanceVerdict verdict)
    {
        lease.Affinity = lease.Instance.Handler;
        _pool.Release(lease, verdict);
    }

    private HandlerResult Ended(CompiledHandler? code, HandlerContext context, HandlerResult result, long started)
    {
        result = result with { Metrics = result.Metrics with { Duration = Stopwatch.GetElapsedTime(started) } };
        _metrics.Record(code?.SourceDigest, context.HandlerName, result, context.PanelId);
        return result;
    }

    private static HandlerResult WithTimes(HandlerResult result, ExecutionMetrics metrics) => result with
    {
        Metrics = result.Metrics with
        {
            Origin = metrics.Origin,
            CompilationTime = metrics.CompilationTime,
            QueueTime = metrics.QueueTime,
        },
    };

    private static HandlerResult Failure(HandlerError error, ExecutionMetrics metrics) =>
        new() { Status = HandlerStatus.Error, Error = error, Metrics = metrics };

    private HandlerError ErrorOf(AcquireOutcome outcome, Exception? failure) => outcome switch
    {
        AcquireOutcome.TimedOut => new HandlerError(
            HandlerErrorCode.ResourceLimit, $"no instance came free within {Options.AcquireTimeout.TotalMilliseconds:0} ms"),
        AcquireOutcome.QueueFull => new HandlerError(HandlerErrorCode.ResourceLimit, "too many calls wait for an instance already"),
        _ => new HandlerError(HandlerErrorCode.InternalError, $"no instance could be made: {failure?.Message ?? outcome.ToString()}"),
    };

    private string? FaultOf(HandlerContext context, ExecutionLimits? limits)
    {
        if (limits is { Fuel: > 0 } && !Options.Metering)
        {
            return "a limit of fuel needs a runtime with metering";
        }

        if (limits is not null && (limits.Timeout < TimeSpan.Zero || limits.Fuel < 0))
        {
            return "limits must not be negative";
        }

        var bytes = (long)HandlerJson.TextOf(context.State).Length
            + HandlerJson.TextOf(context.Arguments).Length
            + HandlerJson.TextOf(context.Scope).Length;
        return bytes > Options.MaxInputBytes
            ? $"state, arguments and scope have {bytes} bytes; at most {Options.MaxInputBytes} are taken"
            : null;
    }

    private void ThrowIfStopping()
    {
        if (_isStopping)
        {
            throw ShuttingDown();
        }
    }

    private static HandlersException ShuttingDown() =>
        new(HandlersErrorKind.ShuttingDown, "The runtime is shutting down and takes no more calls.");
}
