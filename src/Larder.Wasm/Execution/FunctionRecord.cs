using System.Runtime.InteropServices;

namespace Larder.Wasm.Execution;

/// <summary>
/// A function as generated code sees it; a reference to a function is the address of its record, null is 0. It lies in
/// the state of an instance or in memory of its store, and lives as long as the store.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Bytes)]
internal unsafe struct FunctionRecord
{
    public const int Bytes = 32;
    public const int CodeOffset = 0;
    public const int ContextOffset = 8;
    public const int TypeIdOffset = 16;

    /// <summary>The code: takes the parameters, then <see cref="Context"/>.</summary>
    [FieldOffset(CodeOffset)]
    public nint Code;

    /// <summary>The base of the instance, or the binding of a host function.</summary>
    [FieldOffset(ContextOffset)]
    public byte* Context;

    /// <summary>The engine-wide number of its type.</summary>
    [FieldOffset(TypeIdOffset)]
    public int TypeId;

    /// <summary>The code by which the host calls functions of this type; 0 for a host function.</summary>
    [FieldOffset(24)]
    public nint Entry;
}
