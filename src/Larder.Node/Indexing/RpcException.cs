using System.Diagnostics.CodeAnalysis;

namespace Larder.Node.Indexing;

/// <summary>Ends a call with an error of JSON-RPC 2.0.</summary>
[SuppressMessage("Design", "CA1064:Exceptions should be public", Justification = "Never leaves the assembly: it becomes an answer.")]
internal sealed class RpcException(int code, string message) : Exception(message)
{
    public const int ParseError = -32700;
    public const int InvalidRequest = -32600;
    public const int MethodNotFound = -32601;
    public const int InvalidParams = -32602;
    public const int InternalError = -32603;

    /// <summary>The index could not do it: the message says why, and <c>data.kind</c> is a word for it.</summary>
    public const int ServerError = -32000;

    /// <summary>The number of the error.</summary>
    public int Code { get; } = code;

    public static RpcException Params(string message) => new(InvalidParams, message);
}
