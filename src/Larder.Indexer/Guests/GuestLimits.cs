namespace Larder.Indexer.Guests;

/// <summary>
/// What a run of a guest may use. A run that needs more fails, at the same point on every machine; part of the recipe.
/// </summary>
public sealed record GuestLimits
{
    /// <summary>
    /// Fuel of a block: about one for each instruction. Default 500,000,000,000, some minutes; the heaviest real blocks that
    /// were seen take a fiftieth of it.
    /// </summary>
    public long BlockFuel { get; init; } = 500_000_000_000;

    /// <summary>Fuel of a view. Default 20,000,000,000, some seconds.</summary>
    public long ViewFuel { get; init; } = 20_000_000_000;

    /// <summary>
    /// Depth of calls, in stack units of eight bytes; see <see cref="Wasm.StoreOptions.CallDepth"/>. Default 2,000,000: some
    /// fifty thousand calls of small functions, a few thousand of long ones. At most 32,000,000.
    /// </summary>
    public int CallDepth { get; init; } = 2_000_000;

    /// <summary>Elements that one table may grow to. Default 1,000,000.</summary>
    public int TableElements { get; init; } = 1_000_000;

    /// <summary>Bytes of a block or of a view's input. Default 256 MiB.</summary>
    public int InputBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary>Bytes of a key. Default 1 MiB.</summary>
    public int KeyBytes { get; init; } = 1024 * 1024;

    /// <summary>Bytes of all messages that a block flushes. Default 512 MiB.</summary>
    public int FlushBytes { get; init; } = 512 * 1024 * 1024;

    /// <summary>Pairs of a key and a value in all messages that a block flushes. Default 4,000,000.</summary>
    public int FlushPairs { get; init; } = 4_000_000;

    /// <summary>Bytes of a view's result. Default 256 MiB.</summary>
    public int ResultBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary>
    /// Bytes of log text that a run hands on; what comes behind is counted only. Default 1 MiB. No part of the recipe.
    /// </summary>
    public int LogBytes { get; init; } = 1024 * 1024;
}
