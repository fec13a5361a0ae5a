using System.Diagnostics.CodeAnalysis;

namespace Larder.Wasm.Wasi;

/// <summary>The guest named memory that it does not have.</summary>
[SuppressMessage("Design", "CA1064:Exceptions should be public", Justification = "It never leaves a host function.")]
internal sealed class GuestFaultException : Exception;
