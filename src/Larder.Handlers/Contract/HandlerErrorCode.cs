namespace Larder.Handlers.Contract;

/// <summary>
/// Why a run failed. On the wire the names are in upper case with underscores: <c>PERMISSION_DENIED</c>.
/// </summary>
public enum HandlerErrorCode
{
    /// <summary>The deadline passed, or the fuel was used up.</summary>
    Timeout,

    /// <summary>The memory limit of the instance was reached.</summary>
    MemoryLimit,

    /// <summary>A capability is missing; the message names it.</summary>
    PermissionDenied,

    /// <summary>The handler threw.</summary>
    ExecutionError,

    /// <summary>The source is not a valid function body.</summary>
    CompilationError,

    /// <summary>The handler is unusable as such: empty, too large, or not text.</summary>
    InvalidHandler,

    /// <summary>Something in the runtime failed, or it is shutting down.</summary>
    InternalError,

    /// <summary>A count was exceeded: host calls, mutations, events, output, log, stack, waiting callers.</summary>
    ResourceLimit,

    /// <summary>The WebAssembly instance trapped for a reason that is none of the other codes.</summary>
    WasmError,

    /// <summary>A value is not JSON: a cycle, a function, a BigInt.</summary>
    SerializationError,

    /// <summary>A host function, or the caller, got an argument that it does not take.</summary>
    InvalidArgument,

    /// <summary>There is no extension of that name.</summary>
    ExtensionNotFound,

    /// <summary>The extension has no such method.</summary>
    MethodNotFound,
}
