using System.IO.Pipelines;

namespace Larder.Node.Transport;

/// <summary>A connection's two directions, with the outgoing one replaced.</summary>
internal sealed class SocketTransport(PipeReader input, PipeWriter output) : IDuplexPipe
{
    /// <inheritdoc/>
    public PipeReader Input => input;

    /// <inheritdoc/>
    public PipeWriter Output => output;
}
