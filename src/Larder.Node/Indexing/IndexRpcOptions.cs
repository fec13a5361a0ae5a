namespace Larder.Node.Indexing;

/// <summary>Limits of the JSON-RPC of an index.</summary>
public sealed record IndexRpcOptions
{
    /// <summary>Longest request in bytes: the hex of a block takes twice its length. Default 16 MiB.</summary>
    public int MaxRequestBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Most calls in one batch. Default 100.</summary>
    public int MaxBatch { get; init; } = 100;

    /// <summary>Bytes of the answers of one batch after which further calls of it are refused. Default 64 MiB.</summary>
    public int MaxBatchAnswerBytes { get; init; } = 64 * 1024 * 1024;
}
