namespace Larder.Handlers.Contract;

/// <summary>A handler that is compiled ahead of its first call.</summary>
/// <param name="Artifact">The compiled form, <c>.qjsc</c>, which <c>ExecuteCompiledAsync</c> takes.</param>
/// <param name="Key">The fingerprint by which the cache knows it, in lower-case hex.</param>
/// <param name="Origin">Where it came from.</param>
/// <param name="CompilationTime">Time that the compiler took; null when it came from a cache.</param>
public sealed record PrecompiledHandler(
    ReadOnlyMemory<byte> Artifact, string Key, HandlerOrigin Origin, TimeSpan? CompilationTime);
