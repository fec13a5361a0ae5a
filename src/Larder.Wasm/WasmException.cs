using System.Globalization;

namespace Larder.Wasm;

/// <summary>
/// A module cannot be decoded, validated, compiled, linked or instantiated. Traps of running code are not exceptions:
/// they are values of type <see cref="Trap"/>.
/// </summary>
public sealed class WasmException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">What it is about.</param>
    /// <param name="message">What was wrong and what was expected.</param>
    /// <param name="location">Where in the module, or the default when no place in it is to blame.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public WasmException(
        WasmErrorKind kind,
        string message,
        ModuleLocation location = default,
        Exception? innerException = null)
        : base(location.IsNowhere ? message : string.Create(CultureInfo.InvariantCulture, $"{message} ({location})"), innerException)
    {
        Kind = kind;
        Location = location;
    }

    /// <summary>What it is about.</summary>
    public WasmErrorKind Kind { get; }

    /// <summary>Where in the module; <see cref="ModuleLocation.IsNowhere"/> when no place in it is to blame.</summary>
    public ModuleLocation Location { get; }

    /// <summary>The trap that ended the start of an instance; null for every other error.</summary>
    public Trap? Trap { get; init; }
}
