namespace Larder.Node.Http;

/// <summary>
/// One dialect or page of the node: everything below some path prefix. Translates requests to the store and its
/// answers back. Stateless towards clients and safe for many threads.
/// </summary>
internal interface IEndpoint
{
    /// <summary>The value of the <c>endpoint</c> label in metrics.</summary>
    string Name { get; }

    /// <summary>How this dialect wants to hear of trouble that nobody handled.</summary>
    Unhandled OnUnhandled => Unhandled.Report;

    /// <summary>
    /// Whether reads may begin on an event loop: the endpoint leaves it (<see cref="NodeRequest.LeaveLoopAsync"/>) before
    /// it waits for anything.
    /// </summary>
    bool ReadsOnLoop => false;

    /// <summary>Answers one request whose path begins with one of the endpoint's prefixes.</summary>
    Task HandleAsync(NodeRequest request);
}
