using System.Reflection;
using System.Runtime.Intrinsics;
using Larder.Wasm.Execution;
using Larder.Wasm.Runtime;
using Larder.Wasm.Validation;

namespace Larder.Wasm.Compilation;

/// <summary>The methods of the engine that generated code calls.</summary>
internal static class RuntimeMethods
{
    private const BindingFlags Any = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly MethodInfo CanonicalSingles = Numeric(nameof(Numerics.CanonF32x4));
    private static readonly MethodInfo CanonicalDoubles = Numeric(nameof(Numerics.CanonF64x2));
    private static readonly MethodInfo CanonicalSingle = Numeric(nameof(Numerics.CanonF32));
    private static readonly MethodInfo CanonicalDouble = Numeric(nameof(Numerics.CanonF64));

    public static MethodInfo Trap { get; } = Operation(nameof(Operations.Trap));

    public static MethodInfo StackExhausted { get; } = Operation(nameof(Operations.StackExhausted));

    public static MethodInfo SingleFromBits { get; } = Operation(nameof(Operations.SingleFromBits));

    public static MethodInfo DoubleFromBits { get; } = Operation(nameof(Operations.DoubleFromBits));

    public static MethodInfo VectorZero { get; } = Operation(nameof(Operations.VectorZero));

    public static MethodInfo VectorConstant { get; } = Operation(nameof(Operations.VectorConstant));

    public static MethodInfo LoadVector { get; } = Operation(nameof(Operations.LoadVector));

    public static MethodInfo StoreVector { get; } = Operation(nameof(Operations.StoreVector));

    public static MethodInfo Shuffle { get; } = typeof(Simd).GetMethod(nameof(Simd.Shuffle), Any)!;

    public static MethodInfo Address64 { get; } = Operation(nameof(Operations.Address64));

    public static MethodInfo MemoryGrow { get; } = Operation(nameof(Operations.MemoryGrow));

    public static MethodInfo MemoryFill { get; } = Operation(nameof(Operations.MemoryFill));

    public static MethodInfo MemoryCopy { get; } = Operation(nameof(Operations.MemoryCopy));

    public static MethodInfo MemoryInit { get; } = Operation(nameof(Operations.MemoryInit));

    public static MethodInfo DataDrop { get; } = Operation(nameof(Operations.DataDrop));

    public static MethodInfo ElementDrop { get; } = Operation(nameof(Operations.ElementDrop));

    public static MethodInfo TableGet { get; } = Operation(nameof(Operations.TableGet));

    public static MethodInfo TableSet { get; } = Operation(nameof(Operations.TableSet));

    public static MethodInfo TableGrow { get; } = Operation(nameof(Operations.TableGrow));

    public static MethodInfo TableFill { get; } = Operation(nameof(Operations.TableFill));

    public static MethodInfo TableCopy { get; } = Operation(nameof(Operations.TableCopy));

    public static MethodInfo TableInit { get; } = Operation(nameof(Operations.TableInit));

    /// <summary>The method with which a host function is called; see <see cref="HostCalls"/>.</summary>
    public static MethodInfo HostCall { get; } = typeof(HostCalls).GetMethod(nameof(HostCalls.Invoke), Any)!;

    /// <summary>Makes the NaNs of a float canonical.</summary>
    public static MethodInfo Canonical(WasmType type) => type == WasmType.F32 ? CanonicalSingle : CanonicalDouble;

    /// <summary>Makes the NaNs canonical that a vector instruction can produce; null when it does no float arithmetic.</summary>
    public static MethodInfo? CanonicalVector(SimdInstruction instruction)
    {
        var name = instruction.Name;
        if (instruction.Result != WasmType.V128
            || !(name.StartsWith("f32x4.", StringComparison.Ordinal) || name.StartsWith("f64x2.", StringComparison.Ordinal)))
        {
            return null;
        }

        var operation = name[6..];
        var isArithmetic = operation is "add" or "sub" or "mul" or "div" or "min" or "max" or "sqrt" or "ceil" or "floor"
            or "trunc" or "nearest" or "demote_f64x2_zero" or "promote_low_f32x4";
        return !isArithmetic ? null : name[1] == '3' ? CanonicalSingles : CanonicalDoubles;
    }

    /// <summary>Chooses between two values of a type.</summary>
    public static MethodInfo Select(WasmType type)
    {
        var value = type switch
        {
            WasmType.I32 => typeof(int),
            WasmType.I64 => typeof(long),
            WasmType.F32 => typeof(float),
            WasmType.F64 => typeof(double),
            WasmType.V128 => typeof(Vector128<byte>),
            _ => null,
        };
        return value is null
            ? Operation(nameof(Operations.SelectReference))
            : typeof(Numerics).GetMethod(nameof(Numerics.Select), Any, [value, value, typeof(int)])!;
    }

    private static MethodInfo Operation(string name) => typeof(Operations).GetMethod(name, Any)!;

    private static MethodInfo Numeric(string name) => typeof(Numerics).GetMethod(name, Any)!;
}
