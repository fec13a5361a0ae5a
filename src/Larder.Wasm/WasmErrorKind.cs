namespace Larder.Wasm;

/// <summary>What a <see cref="WasmException"/> is about.</summary>
public enum WasmErrorKind
{
    /// <summary>The bytes are not a module of the binary format.</summary>
    Malformed,

    /// <summary>The module decodes but breaks a rule of validation.</summary>
    Invalid,

    /// <summary>The module uses a feature that the engine does not have or that is switched off.</summary>
    Unsupported,

    /// <summary>The module or a request exceeds a limit of the engine.</summary>
    LimitExceeded,

    /// <summary>An import is missing or has another type than the module asks for.</summary>
    Unlinkable,

    /// <summary>The start of the instance trapped: a segment does not fit or the start function failed.</summary>
    Uninstantiable,

    /// <summary>A saved module is damaged, or was made by another engine, runtime or with other options.</summary>
    BadArtifact,

    /// <summary>The machine refused memory or another resource.</summary>
    Unavailable,
}
