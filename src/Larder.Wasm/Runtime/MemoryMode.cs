namespace Larder.Wasm.Runtime;

/// <summary>How generated code keeps its accesses inside a memory.</summary>
internal enum MemoryMode
{
    /// <summary>Nothing is compared: whatever a guest can address beyond the end faults, and the fault is the trap.</summary>
    Guard,

    /// <summary>Generated code compares every address with the length first.</summary>
    Explicit,
}
