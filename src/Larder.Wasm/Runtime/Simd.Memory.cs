using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Larder.Wasm.Runtime;

/// <content>Loads and stores at checked addresses, little-endian. None touches more than its instruction may.</content>
internal static unsafe partial class Simd
{
    /// <summary>Sixteen bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load(byte* address) => Vector128.Load(address);

    /// <summary>Stores sixteen bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void V128Store(byte* address, Vector128<byte> v) => v.Store(address);

    /// <summary>Eight bytes as lanes at twice their width, signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load8x8S(byte* address) =>
        Vector128.WidenLower(Load64(address).AsSByte()).AsByte();

    /// <summary>Eight bytes as lanes at twice their width, unsigned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load8x8U(byte* address) => Vector128.WidenLower(Load64(address)).AsByte();

    /// <inheritdoc cref="V128Load8x8S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load16x4S(byte* address) =>
        Vector128.WidenLower(Load64(address).AsInt16()).AsByte();

    /// <inheritdoc cref="V128Load8x8U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load16x4U(byte* address) =>
        Vector128.WidenLower(Load64(address).AsUInt16()).AsByte();

    /// <inheritdoc cref="V128Load8x8S"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load32x2S(byte* address) =>
        Vector128.WidenLower(Load64(address).AsInt32()).AsByte();

    /// <inheritdoc cref="V128Load8x8U"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load32x2U(byte* address) =>
        Vector128.WidenLower(Load64(address).AsUInt32()).AsByte();

    /// <summary>The number in every lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load8Splat(byte* address) => Vector128.Create(*address);

    /// <inheritdoc cref="V128Load8Splat"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load16Splat(byte* address) =>
        Vector128.Create(Unsafe.ReadUnaligned<ushort>(address)).AsByte();

    /// <inheritdoc cref="V128Load8Splat"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load32Splat(byte* address) =>
        Vector128.Create(Unsafe.ReadUnaligned<uint>(address)).AsByte();

    /// <inheritdoc cref="V128Load8Splat"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load64Splat(byte* address) =>
        Vector128.Create(Unsafe.ReadUnaligned<ulong>(address)).AsByte();

    /// <summary>The number in the lowest lane, zero above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load32Zero(byte* address) =>
        Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(address)).AsByte();

    /// <inheritdoc cref="V128Load32Zero"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load64Zero(byte* address) =>
        Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(address)).AsByte();

    /// <summary>The vector with the number in this lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load8Lane(byte* address, Vector128<byte> v, int lane) =>
        v.WithElement(lane, *address);

    /// <inheritdoc cref="V128Load8Lane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load16Lane(byte* address, Vector128<byte> v, int lane) =>
        v.AsUInt16().WithElement(lane, Unsafe.ReadUnaligned<ushort>(address)).AsByte();

    /// <inheritdoc cref="V128Load8Lane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load32Lane(byte* address, Vector128<byte> v, int lane) =>
        v.AsUInt32().WithElement(lane, Unsafe.ReadUnaligned<uint>(address)).AsByte();

    /// <inheritdoc cref="V128Load8Lane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> V128Load64Lane(byte* address, Vector128<byte> v, int lane) =>
        v.AsUInt64().WithElement(lane, Unsafe.ReadUnaligned<ulong>(address)).AsByte();

    /// <summary>Stores the lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void V128Store8Lane(byte* address, Vector128<byte> v, int lane) => *address = v.GetElement(lane);

    /// <inheritdoc cref="V128Store8Lane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void V128Store16Lane(byte* address, Vector128<byte> v, int lane) =>
        Unsafe.WriteUnaligned(address, v.AsUInt16().GetElement(lane));

    /// <inheritdoc cref="V128Store8Lane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void V128Store32Lane(byte* address, Vector128<byte> v, int lane) =>
        Unsafe.WriteUnaligned(address, v.AsUInt32().GetElement(lane));

    /// <inheritdoc cref="V128Store8Lane"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void V128Store64Lane(byte* address, Vector128<byte> v, int lane) =>
        Unsafe.WriteUnaligned(address, v.AsUInt64().GetElement(lane));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Load64(byte* address) =>
        Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(address)).AsByte();
}
