namespace Larder.Wasm;

/// <summary>How accesses beyond a memory are found.</summary>
public enum MemoryChecks
{
    /// <summary>By guard pages where they work on this machine, else explicitly.</summary>
    Auto,

    /// <summary>By pages that fault: no instructions spent.</summary>
    Guard,

    /// <summary>By comparing every address with the memory's length.</summary>
    Explicit,
}
