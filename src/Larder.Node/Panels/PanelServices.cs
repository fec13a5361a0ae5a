using Larder.Node.Handlers;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Panels;

/// <summary>What panels share.</summary>
/// <param name="Options">Their bounds.</param>
/// <param name="Handlers">What runs their tools.</param>
/// <param name="Http">The extension that they have.</param>
/// <param name="Metrics">What is counted.</param>
/// <param name="Clock">The clock.</param>
/// <param name="Logger">The node's log.</param>
internal sealed record PanelServices(
    PanelOptions Options, HandlerService Handlers, HttpExtension Http, PanelMetrics Metrics, TimeProvider Clock, ILogger Logger);
