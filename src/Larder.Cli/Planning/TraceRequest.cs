namespace Larder.Cli.Planning;

/// <summary>One request of a trace.</summary>
/// <param name="Key">What was asked for, mixed so that every bit counts.</param>
/// <param name="Bytes">Its size; 1 where the trace does not say.</param>
internal readonly record struct TraceRequest(ulong Key, long Bytes);
