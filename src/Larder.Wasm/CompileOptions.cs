namespace Larder.Wasm;

/// <summary>How a module is compiled. All of it is part of the name of a saved module.</summary>
public sealed record CompileOptions
{
    /// <summary>How accesses beyond a memory are found. Default <see cref="MemoryChecks.Auto"/>.</summary>
    public MemoryChecks MemoryChecks { get; init; } = MemoryChecks.Auto;

    /// <summary>
    /// Whether functions and loops use up fuel: the number of instructions in their body, charged on entry and on each
    /// iteration, the same on every machine. What one instruction does to many bytes costs more: one for every eight bytes or
    /// every element that is filled or copied, 4,096 for every page that a memory grows by. Default false.
    /// </summary>
    public bool Fuel { get; init; }

    /// <summary>
    /// Whether the depth of calls is counted, so that code which calls too deeply traps at the same call on every machine;
    /// see <see cref="StoreOptions.CallDepth"/>. Default false: the stack's own end is looked for.
    /// </summary>
    public bool CallDepth { get; init; }

    /// <summary>
    /// Whether every NaN that arithmetic makes is the canonical one, so that results are the same on every machine.
    /// Default false: its sign and payload are those of the processor.
    /// </summary>
    public bool CanonicalNaNs { get; init; }

    /// <summary>
    /// Whether loops and calls look for <see cref="Store.Interrupt"/>. Default true; only trusted code should run
    /// without.
    /// </summary>
    public bool Interruptible { get; init; } = true;

    /// <summary>
    /// Whether the code goes away with its last user. Default true. Code that stays is compiled in tiers by the
    /// runtime, so that it starts faster and ends up a little faster; meant for the few modules that a process keeps.
    /// </summary>
    public bool Unloadable { get; init; } = true;

    /// <summary>Limits on the module. Default <see cref="ModuleLimits.Default"/>.</summary>
    public ModuleLimits Limits { get; init; } = ModuleLimits.Default;

    /// <summary>Features that the module may use. Default <see cref="WasmFeatures.Default"/>.</summary>
    public WasmFeatures Features { get; init; } = WasmFeatures.Default;
}
