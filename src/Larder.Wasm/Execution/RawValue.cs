using System.Runtime.InteropServices;

namespace Larder.Wasm.Execution;

/// <summary>A value as generated code and the host hand it to each other: 16 bytes, the first ones used.</summary>
[StructLayout(LayoutKind.Explicit, Size = Bytes)]
internal struct RawValue
{
    public const int Bytes = 16;

    [FieldOffset(0)]
    public int I32;

    [FieldOffset(0)]
    public long I64;

    [FieldOffset(0)]
    public float F32;

    [FieldOffset(0)]
    public double F64;

    [FieldOffset(0)]
    public nint Reference;

    [FieldOffset(0)]
    public UInt128 V128;
}
