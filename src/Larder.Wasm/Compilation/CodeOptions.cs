namespace Larder.Wasm.Compilation;

/// <summary>What the compiler is told, with nothing left open.</summary>
/// <param name="Guard">Whether guard pages find accesses beyond a memory.</param>
/// <param name="Fuel">Whether code uses up fuel.</param>
/// <param name="CanonicalNaNs">Whether arithmetic makes canonical NaNs only.</param>
/// <param name="Interruptible">Whether loops look for an interruption.</param>
/// <param name="CallDepth">Whether functions count how deep they are called.</param>
internal readonly record struct CodeOptions(bool Guard, bool Fuel, bool CanonicalNaNs, bool Interruptible, bool CallDepth);
