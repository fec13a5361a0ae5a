namespace Larder.Wasm;

/// <summary>Limits on what the instances of a store may use. The same on every machine.</summary>
public sealed record StoreOptions
{
    /// <summary>
    /// Most pages of 64 KiB that one memory may have, whatever its module says; growing beyond fails, starting beyond is
    /// refused. Default 65,536, which is 4 GiB; a memory with 32-bit addresses whose module declares no maximum stays one
    /// page below that.
    /// </summary>
    public ulong MemoryPages { get; init; } = 65_536;

    /// <summary>Most elements that one table may have. Default 10,000,000.</summary>
    public ulong TableElements { get; init; } = 10_000_000;

    /// <summary>
    /// Whether growing a memory or table within its limits, when the machine has no room for it, is a
    /// <see cref="WasmException"/> (<see cref="WasmErrorKind.Unavailable"/>) for whoever called the guest, where otherwise the
    /// guest is answered -1: what the guest sees then is the same on every machine. Default false.
    /// </summary>
    public bool StrictGrowth { get; init; }

    /// <summary>Most instances that the store may hold. Default 10,000.</summary>
    public int Instances { get; init; } = 10_000;

    /// <summary>
    /// Bytes of the calling thread's stack that guest code may use; less where the thread has less. A deeper call is a
    /// trap. Default 512 KiB, which is some ten thousand calls.
    /// </summary>
    public int StackBytes { get; init; } = 512 * 1024;

    /// <summary>
    /// Depth of calls that a guest may reach, in stack units of eight bytes, for modules compiled with
    /// <see cref="CompileOptions.CallDepth"/>; each instance counts its own. A function that calls others takes, from its entry
    /// to its return, 16 units, one for each parameter and declared local (four for a vector), two for each operand of its
    /// highest stack, and one for each of its instructions: more than its frame takes of the real stack. One that calls nothing
    /// takes none up to 4,096, and a call from within a host function 1,024 more. A call beyond is the trap
    /// <see cref="TrapKind.StackOverflow"/>. The store must allow as many bytes by <see cref="StackBytes"/>; where the thread
    /// has less, running out of it is a <see cref="WasmException"/> (<see cref="WasmErrorKind.Unavailable"/>) for whoever called
    /// the guest. Default 65,536.
    /// </summary>
    public int CallDepth { get; init; } = 65_536;

    /// <summary>Fuel of each instance at its start. Matters to modules compiled with fuel. Default unlimited.</summary>
    public long Fuel { get; init; } = long.MaxValue;
}
