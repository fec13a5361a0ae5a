using System.Text.Json;
using Larder.Handlers.Contract;

namespace Larder.Node.Panels;

/// <summary>One call of a tool on its way through a panel.</summary>
internal sealed class PanelCall(PanelTool tool, JsonElement arguments)
{
    private readonly TaskCompletionSource<HandlerResult> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<HandlerResult> _last = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PanelTool Tool => tool;

    public JsonElement Arguments => arguments;

    /// <summary>Who asked, over a socket; null for another caller.</summary>
    public PanelSocket? Caller { get; init; }

    /// <summary>What the caller calls the request; null for nothing.</summary>
    public string? RequestId { get; init; }

    /// <summary>How many triggers led to this call.</summary>
    public int Depth { get; init; }

    /// <summary>Whether a trigger made the call, which may then not wait twice.</summary>
    public bool IsTriggered { get; init; }

    /// <summary>For a tool that watches the state: what the value was before the first change; null for absent.</summary>
    public JsonElement? Previous { get; init; }

    /// <summary>Whether the first result was delivered.</summary>
    public bool IsAnswered => _first.Task.IsCompleted;

    /// <summary>The first result, which may be that the handler is suspended. Fails when the panel cannot run it.</summary>
    public Task<HandlerResult> First => _first.Task;

    /// <summary>The result that ends the run.</summary>
    public Task<HandlerResult> Last => _last.Task;

    /// <summary>Tells who waits.</summary>
    public void Deliver(HandlerResult result)
    {
        _first.TrySetResult(result);
        if (result.Status != HandlerStatus.Suspended)
        {
            _last.TrySetResult(result);
        }
    }

    /// <summary>Tells who waits that there will be no result.</summary>
    public void Fail(Exception problem)
    {
        // Nobody needs to look at the failure.
        _first.TrySetException(problem);
        _ = _first.Task.Exception;
        _last.TrySetException(problem);
        _ = _last.Task.Exception;
    }
}
