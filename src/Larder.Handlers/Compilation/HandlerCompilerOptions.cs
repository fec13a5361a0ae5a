using Larder.Cache.Sizing;

namespace Larder.Handlers.Compilation;

/// <summary>How handlers are compiled and kept. Validated once, when the runtime starts.</summary>
public sealed record HandlerCompilerOptions
{
    /// <summary>Bytes of compiled handlers in memory; 0 keeps none. Default 64 MiB.</summary>
    public long CapacityBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Most bytes of a handler's source, as UTF-8, from 1. Default 1 MiB.</summary>
    public int MaxSourceBytes { get; init; } = 1024 * 1024;

    /// <summary>Longest time that compiling one handler may take; must be positive. Default 5 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most handlers that are compiled at a time, from 1. Default the number of processors, at most 4.</summary>
    public int Parallelism { get; init; } = Math.Min(4, Environment.ProcessorCount);

    /// <summary>Tells handlers from those of other versions of the application: another tag, other handlers. Default empty.</summary>
    public string VersionTag { get; init; } = "";

    /// <summary>
    /// Whether a compiled handler carries its source, so that errors show its lines also where only the compiled form is at
    /// hand. Default true.
    /// </summary>
    public bool KeepSource { get; init; } = true;

    /// <summary>
    /// Key of the code (HMAC-SHA-256) that proves where a compiled handler comes from; empty, the default, asks for no proof.
    /// With a key, handlers of other keys or without one are refused. At least 16 bytes.
    /// </summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>How long the error of a source that cannot be compiled is remembered; zero remembers none. Default 5 s.</summary>
    public TimeSpan ErrorTtl { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most errors that are remembered. Default 1,024.</summary>
    public int MaxRememberedErrors { get; init; } = 1024;

    /// <summary>Bytes of compiled handlers that are brought into memory at the start; 0 brings none. Default 16 MiB.</summary>
    public long WarmBytes { get; init; } = 16L * 1024 * 1024;

    /// <summary>How often the list of handlers to warm is written; zero writes it only at the end. Default 1 minute.</summary>
    public TimeSpan WarmInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How lookups are watched, so that <see cref="HandlerRuntime.GetCurves"/> can say what another
    /// <see cref="CapacityBytes"/> would bring; null for not at all. Default: as documented there.
    /// </summary>
    public SizingOptions? Sizing { get; init; } = new();

    /// <summary>The clock. Default the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <exception cref="HandlersException">An option is out of range; the message names it.</exception>
    internal void Validate()
    {
        Require(CapacityBytes >= 0, $"{nameof(CapacityBytes)} must not be negative");
        Require(MaxSourceBytes is >= 1 and <= 64 * 1024 * 1024, $"{nameof(MaxSourceBytes)} must be 1 to 64 Mi");
        Require(Timeout > TimeSpan.Zero, $"{nameof(Timeout)} must be positive");
        Require(Parallelism is >= 1 and <= 1024, $"{nameof(Parallelism)} must be 1 to 1,024");
        Require(Key.Length is 0 or >= 16, $"{nameof(Key)} must have at least 16 bytes");
        Require(ErrorTtl >= TimeSpan.Zero, $"{nameof(ErrorTtl)} must not be negative");
        Require(MaxRememberedErrors >= 0, $"{nameof(MaxRememberedErrors)} must not be negative");
        Require(WarmBytes >= 0, $"{nameof(WarmBytes)} must not be negative");
        Require(WarmInterval >= TimeSpan.Zero, $"{nameof(WarmInterval)} must not be negative");
        Require(VersionTag.Length <= 256, $"{nameof(VersionTag)} must have at most 256 characters");
    }

    private static void Require(bool holds, string sentence)
    {
        if (!holds)
        {
            throw new HandlersException(HandlersErrorKind.Configuration, sentence + ".");
        }
    }
}
