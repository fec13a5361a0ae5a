namespace Larder.Wasm.Execution;

/// <summary>
/// Where the function records lay that references in a snapshot point to. The addresses are compared, never read: the
/// store may be gone.
/// </summary>
/// <param name="Instance">Number of the instance, unique in the process.</param>
/// <param name="Records">Address of the records of defined functions.</param>
/// <param name="RecordCount">Number of these.</param>
/// <param name="Base">The instance's base, below which the records of imports lie.</param>
internal readonly record struct SnapshotOrigin(long Instance, nint Records, int RecordCount, nint Base);
