using System.Collections.Immutable;
using System.Text.Json;
using Larder.Handlers;
using Larder.Handlers.Contract;
using Larder.Node.Handlers;

namespace Larder.Node.Panels;

/// <content>One call from its beginning through its suspensions to its end.</content>
internal sealed partial class Panel
{
    private static readonly ImmutableDictionary<string, ImmutableArray<string>> Extensions =
        ImmutableDictionary.Create<string, ImmutableArray<string>>(StringComparer.Ordinal).Add(HttpExtension.Name, HttpExtension.Methods);

    // For the worker, or whoever comes after it. Whatever happens is told to the caller, and throws nothing.
    private async Task RunAsync(PanelCall call, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            var runtime = await _services.Handlers.GetAsync(cancellationToken).ConfigureAwait(false);
            await RunAsync(runtime, call, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Fail(call, ApiException.NotFound("PANEL_NOT_FOUND", $"The panel '{Definition.Id}' was removed."));
        }
        catch (ApiException exception)
        {
            _status = PanelStatus.Error;
            Fail(call, exception);
        }
        catch (HandlersException exception)
        {
            _status = PanelStatus.Error;
            Fail(call, ApiAnswer.Translate(exception));
        }
        catch (Exception exception)
        {
            _status = PanelStatus.Error;
            HandlerLog.ToolBroke(_services.Logger, call.Tool.Name, Definition.Id, exception);
            Fail(call, new ApiException(500, "INTERNAL_ERROR", "The node failed to do this; its log says why."));
        }
        finally
        {
            Release(call);
        }
    }

    private async Task RunAsync(HandlerRuntime runtime, PanelCall call, CancellationToken cancellationToken)
    {
        var isWatcher = call.IsTriggered && call.Tool.Trigger.Kind == PanelTriggerKind.StateChange;
        var watched = isWatcher ? call.Tool.Trigger.ValueIn(_state.Current.State) : null;
        if (isWatcher && Same(call.Previous, watched))
        {
            // Changed back while it waited.
            return;
        }

        var context = new HandlerContext
        {
            PanelId = Definition.Id,
            HandlerName = call.Tool.Name,
            State = _state.Current.State,
            Arguments = isWatcher ? Change(call.Tool.Trigger.Path, call.Previous, watched) : call.Arguments,
            Capabilities = call.Tool.Capabilities,
            Extensions = Extensions,
        };
        var result = await runtime.ExecuteAsync(call.Tool.Handler, context, null, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var before = _state.Current;
            if (!Sockets.TryApply(result))
            {
                await DropAsync(runtime, result, cancellationToken).ConfigureAwait(false);
                result = TooLarge(result);
            }

            Follow(call, result, before);
            if (result.Suspension is not { } suspension || result.Status != HandlerStatus.Suspended)
            {
                End(call, result);
                return;
            }

            // The extension works while the caller hears that the handler waits for it.
            _status = PanelStatus.Suspended;
            Sockets.Broadcast(PanelMessages.Progress(suspension, "pending", null), isProgress: true);
            var working = CallExtensionAsync(suspension, cancellationToken);
            Tell(call, result);
            var answer = await working.ConfigureAwait(false);
            Sockets.Broadcast(PanelMessages.Progress(suspension, answer.Success ? "completed" : "failed", answer.Error), isProgress: true);
            result = await runtime.ResumeAsync(suspension.Id, answer, cancellationToken).ConfigureAwait(false);
            _status = PanelStatus.Running;
        }
    }

    private Task<ResumeResult> CallExtensionAsync(Suspension suspension, CancellationToken cancellationToken) =>
        suspension.ExtensionName == HttpExtension.Name
            ? _services.Http.CallAsync(suspension.Method, suspension.Arguments, cancellationToken)
            : Task.FromResult(ResumeResult.Failed($"There is no extension '{suspension.ExtensionName}'."));

    private void End(PanelCall call, HandlerResult result)
    {
        _services.Metrics.CountRun(result);
        if (result.Error is { } error && (call.IsTriggered || call.Tool == Definition.Mount || call.Tool == Definition.Unmount))
        {
            // Nobody else hears of it.
            HandlerLog.ToolFailed(_services.Logger, call.Tool.Name, Definition.Id, error.Code, error.Message);
        }

        if (_status != PanelStatus.Initializing && call.Tool != Definition.Unmount)
        {
            _status = PanelStatus.Running;
        }

        Tell(call, result);
    }

    // The first result is the caller's; what comes after a suspension is everyone's.
    private void Tell(PanelCall call, HandlerResult result)
    {
        if (call.IsAnswered)
        {
            Sockets.Broadcast(PanelMessages.Result(null, call.Tool.Name, result));
        }
        else
        {
            call.Caller?.Send(PanelMessages.Result(call.RequestId, call.Tool.Name, result));
        }

        call.Deliver(result);
    }

    private static void Fail(PanelCall call, ApiException problem)
    {
        call.Caller?.Send(PanelMessages.Error(call.RequestId, problem.Status >= 500 ? "EXECUTION_ERROR" : problem.Code, problem.Message));
        call.Fail(problem);
    }

    // The run is given up, so that its instance is free again at once and not when the suspension expires.
    private static async Task DropAsync(HandlerRuntime runtime, HandlerResult result, CancellationToken cancellationToken)
    {
        if (result.Suspension is { } suspension)
        {
            await runtime.ResumeAsync(suspension.Id, ResumeResult.Failed("The state of the panel became too large."), cancellationToken)
                .ConfigureAwait(false);
        }
    }

    private HandlerResult TooLarge(HandlerResult result) => result with
    {
        Status = HandlerStatus.Error,
        ReturnValue = null,
        StateMutations = [],
        Events = [],
        ViewCommands = [],
        Suspension = null,
        Error = new HandlerError(
            HandlerErrorCode.ResourceLimit,
            $"The state of the panel would have more than {_services.Options.MaxStateBytes} bytes, the setting panels.max-state; nothing was changed."),
    };

    // Queues the tools that wait for what the result did.
    private void Follow(PanelCall call, HandlerResult result, PanelSnapshot before)
    {
        for (var index = 0; index < Definition.Tools.Length; index++)
        {
            var tool = Definition.Tools[index];
            if (tool.Trigger.Kind == PanelTriggerKind.StateChange && !ReferenceEquals(before, _state.Current))
            {
                var was = tool.Trigger.ValueIn(before.State);
                var now = tool.Trigger.ValueIn(_state.Current.State);
                if (!Same(was, now))
                {
                    Trigger(index, new PanelCall(tool, default) { Previous = was, Depth = call.Depth + 1, IsTriggered = true }, mayWaitTwice: false);
                }
            }
            else if (tool.Trigger.Kind == PanelTriggerKind.Event)
            {
                foreach (var handlerEvent in result.Events)
                {
                    if (tool.Trigger.MatchesEvent(handlerEvent.Name))
                    {
                        Trigger(index, new PanelCall(tool, Payload(handlerEvent)) { Depth = call.Depth + 1, IsTriggered = true }, mayWaitTwice: true);
                    }
                }
            }
        }
    }

    /// <summary>Queues a tool that time makes run, unless it waits or runs already.</summary>
    internal void Trigger(int tool) => Trigger(tool, new PanelCall(Definition.Tools[tool], default) { IsTriggered = true }, mayWaitTwice: false);

    private void Trigger(int index, PanelCall call, bool mayWaitTwice)
    {
        var tool = call.Tool;
        if (call.Depth > _services.Options.MaxTriggerDepth)
        {
            Skip(tool, "depth", $"it is the {call.Depth}th in a chain of triggers, and panels.max-trigger-depth ends those.");
        }
        else if (Interlocked.Increment(ref _pendingTriggers[index]) > 1 && !mayWaitTwice)
        {
            // One that waits will see the newest state; one that runs is never entered a second time.
            Interlocked.Decrement(ref _pendingTriggers[index]);
            _services.Metrics.CountSkipped("pending");
        }
        else if (!_calls.Writer.TryWrite(call))
        {
            Interlocked.Decrement(ref _pendingTriggers[index]);
            Skip(tool, "queue", "too many calls wait.");
        }
    }

    private void Skip(PanelTool tool, string reason, string sentence)
    {
        _services.Metrics.CountSkipped(reason);
        HandlerLog.TriggerSkipped(_services.Logger, tool.Name, Definition.Id, sentence);
    }

    private void Release(PanelCall call)
    {
        if (call.IsTriggered)
        {
            Interlocked.Decrement(ref _pendingTriggers[Definition.Tools.IndexOf(call.Tool)]);
        }
    }

    private static bool Same(JsonElement? left, JsonElement? right) =>
        left is { } one && right is { } other ? JsonElement.DeepEquals(one, other) : left is null && right is null;

    private static JsonElement Change(string path, JsonElement? was, JsonElement? now) => JsonElement.Parse(ApiAnswer.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("path"u8, path);
        writer.WritePropertyName("value"u8);
        ResultWriter.WriteValue(writer, now);
        writer.WritePropertyName("previous"u8);
        ResultWriter.WriteValue(writer, was);
        writer.WriteEndObject();
    }).Span);

    private static JsonElement Payload(HandlerEvent handlerEvent) => JsonElement.Parse(ApiAnswer.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WritePropertyName("event"u8);
        ResultWriter.WriteEvent(writer, handlerEvent);
        writer.WriteEndObject();
    }).Span);
}
