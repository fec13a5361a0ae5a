using System.Collections.Frozen;

namespace Larder.Handlers.Contract;

/// <summary>The names of <see cref="HandlerErrorCode"/> on the wire.</summary>
public static class HandlerErrorCodes
{
    private static readonly string[] Names =
    [
        "TIMEOUT", "MEMORY_LIMIT", "PERMISSION_DENIED", "EXECUTION_ERROR", "COMPILATION_ERROR", "INVALID_HANDLER",
        "INTERNAL_ERROR", "RESOURCE_LIMIT", "WASM_ERROR", "SERIALIZATION_ERROR", "INVALID_ARGUMENT", "EXTENSION_NOT_FOUND",
        "METHOD_NOT_FOUND",
    ];

    private static readonly FrozenDictionary<string, HandlerErrorCode> Codes =
        Names.Select(static (name, index) => (name, index)).ToFrozenDictionary(static pair => pair.name, static pair => (HandlerErrorCode)pair.index);

    /// <summary>The name of a code, in upper case with underscores.</summary>
    public static string ToName(this HandlerErrorCode code) => Names[(int)code];

    /// <summary>The code of a name; false when there is none.</summary>
    public static bool TryParse(string? name, out HandlerErrorCode code)
    {
        code = default;
        return name is not null && Codes.TryGetValue(name, out code);
    }
}
