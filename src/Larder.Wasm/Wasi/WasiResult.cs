namespace Larder.Wasm.Wasi;

/// <summary>How a program ended.</summary>
/// <param name="ExitCode">What it gave to <c>proc_exit</c>, or 0 when its start function returned.</param>
/// <param name="Trap">Why it did not end by itself; null when it did.</param>
public readonly record struct WasiResult(int ExitCode, Trap? Trap);
