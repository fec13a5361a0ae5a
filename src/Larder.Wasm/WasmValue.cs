using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Larder.Wasm;

/// <summary>A value of any type, as host and guest exchange it. The default is the i32 0.</summary>
[StructLayout(LayoutKind.Auto)]
[SuppressMessage("Usage", "CA2225", Justification = "The named alternatives carry the specification's names of the types.")]
public readonly struct WasmValue : IEquatable<WasmValue>
{
    private readonly UInt128 _bits;
    private readonly object? _reference;
    private readonly WasmType _type;

    private WasmValue(WasmType type, UInt128 bits, object? reference = null)
    {
        _type = type;
        _bits = bits;
        _reference = reference;
    }

    /// <summary>The value's type.</summary>
    public WasmType Type => _type == WasmType.None ? WasmType.I32 : _type;

    /// <summary>The bits of a number or a vector, zero-extended.</summary>
    public UInt128 Bits => _bits;

    /// <summary>An i32 as a signed number; other types throw <see cref="InvalidCastException"/>.</summary>
    public int I32 => (int)(uint)Checked(WasmType.I32)._bits;

    /// <summary>An i64 as a signed number; other types throw <see cref="InvalidCastException"/>.</summary>
    public long I64 => (long)(ulong)Checked(WasmType.I64)._bits;

    /// <summary>An f32; other types throw <see cref="InvalidCastException"/>.</summary>
    public float F32 => BitConverter.UInt32BitsToSingle((uint)Checked(WasmType.F32)._bits);

    /// <summary>An f64; other types throw <see cref="InvalidCastException"/>.</summary>
    public double F64 => BitConverter.UInt64BitsToDouble((ulong)Checked(WasmType.F64)._bits);

    /// <summary>A v128, first lane lowest; other types throw <see cref="InvalidCastException"/>.</summary>
    public UInt128 V128 => Checked(WasmType.V128)._bits;

    /// <summary>The function of a funcref, or null; other types throw <see cref="InvalidCastException"/>.</summary>
    public WasmFunction? Function => (WasmFunction?)Checked(WasmType.FuncRef)._reference;

    /// <summary>The object of an externref, or null; other types throw <see cref="InvalidCastException"/>.</summary>
    public object? Extern => Checked(WasmType.ExternRef)._reference;

    internal object? Reference => _reference;

    /// <summary>An i32.</summary>
    public static WasmValue FromI32(int value) => new(WasmType.I32, (uint)value);

    /// <summary>An i64.</summary>
    public static WasmValue FromI64(long value) => new(WasmType.I64, (ulong)value);

    /// <summary>An f32.</summary>
    public static WasmValue FromF32(float value) => new(WasmType.F32, BitConverter.SingleToUInt32Bits(value));

    /// <summary>An f64.</summary>
    public static WasmValue FromF64(double value) => new(WasmType.F64, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>A v128, first lane lowest.</summary>
    public static WasmValue FromV128(UInt128 value) => new(WasmType.V128, value);

    /// <summary>A funcref.</summary>
    public static WasmValue FromFunction(WasmFunction? function) => new(WasmType.FuncRef, 0, function);

    /// <summary>An externref; the guest can hold and return it, and see whether it is null.</summary>
    public static WasmValue FromExtern(object? reference) => new(WasmType.ExternRef, 0, reference);

    /// <summary>A number or vector of a type from its bits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is one of references.</exception>
    public static WasmValue FromBits(WasmType type, UInt128 bits) => type switch
    {
        WasmType.I32 or WasmType.F32 => new(type, (uint)bits),
        WasmType.I64 or WasmType.F64 => new(type, (ulong)bits),
        WasmType.V128 => new(type, bits),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Only numbers and vectors have bits."),
    };

    /// <summary>The value that variables of a type start with: zero or null.</summary>
    public static WasmValue Default(WasmType type) => new(type, 0);

    /// <inheritdoc cref="FromI32"/>
    public static implicit operator WasmValue(int value) => FromI32(value);

    /// <inheritdoc cref="FromI64"/>
    public static implicit operator WasmValue(long value) => FromI64(value);

    /// <inheritdoc cref="FromF32"/>
    public static implicit operator WasmValue(float value) => FromF32(value);

    /// <inheritdoc cref="FromF64"/>
    public static implicit operator WasmValue(double value) => FromF64(value);

    /// <summary>Whether type and bits, or the object, are the same.</summary>
    public static bool operator ==(WasmValue left, WasmValue right) => left.Equals(right);

    /// <summary>Whether type or bits, or the object, differ.</summary>
    public static bool operator !=(WasmValue left, WasmValue right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(WasmValue other) =>
        Type == other.Type && _bits == other._bits && ReferenceEquals(_reference, other._reference);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is WasmValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, _bits, _reference);

    /// <summary>Type and value, for messages: <c>i32 7</c>.</summary>
    public override string ToString() => Type switch
    {
        WasmType.I32 => string.Create(CultureInfo.InvariantCulture, $"i32 {I32}"),
        WasmType.I64 => string.Create(CultureInfo.InvariantCulture, $"i64 {I64}"),
        WasmType.F32 => string.Create(CultureInfo.InvariantCulture, $"f32 {F32:R}"),
        WasmType.F64 => string.Create(CultureInfo.InvariantCulture, $"f64 {F64:R}"),
        WasmType.V128 => string.Create(CultureInfo.InvariantCulture, $"v128 0x{_bits:x32}"),
        _ => _reference is null ? $"{Type.ToText()} null" : $"{Type.ToText()} {_reference}",
    };

    private WasmValue Checked(WasmType type) =>
        Type == type ? this : throw new InvalidCastException($"The value is {Type.ToText()}, not {type.ToText()}.");
}
