namespace Larder.Tests.Wasm.Generation;

/// <summary>What a generated module may contain.</summary>
/// <param name="Vectors">Whether there are vectors.</param>
/// <param name="KeepNaNs">Whether the bits of NaNs may be seen, so that only canonical ones make results equal.</param>
/// <param name="Giant">Whether one function is too long for the JIT compiler.</param>
internal sealed record GeneratorOptions(bool Vectors, bool KeepNaNs, bool Giant);

/// <summary>A generated module and what is called in it.</summary>
internal sealed record GeneratedModule(int Seed, byte[] Bytes, ModuleShape Shape, IReadOnlyList<GeneratedCall> Calls);

/// <summary>A call of an exported function.</summary>
internal sealed record GeneratedCall(int Function, IReadOnlyList<string> Arguments);

/// <summary>Makes a valid module from a seed, always the same one.</summary>
internal static class ModuleGenerator
{
    private static readonly WasmType[] Exchangeable =
        [WasmType.I32, WasmType.I64, WasmType.F32, WasmType.F64, WasmType.FuncRef, WasmType.ExternRef];

    public static GeneratedModule Generate(int seed, bool keepNaNs = false, bool giant = false)
    {
        var random = new Random(seed);
        var options = new GeneratorOptions(random.Next(2) == 0, keepNaNs, giant);
        var shape = new ModuleShape();
        foreach (var (_, type) in ModuleShape.Host)
        {
            shape.Functions.Add(shape.TypeIndex(type));
        }

        var defined = random.Next(3, 8);
        for (var index = 0; index < defined; index++)
        {
            shape.Functions.Add(shape.TypeIndex(AnyFunction(random, options, canBeCalled: index < 3, mostResults: giant && index == 0 ? 1 : 3)));
        }

        AddGlobals(random, options, shape);
        for (var index = random.Next(8, 16); index > 0; index--)
        {
            shape.Elements.Add(random.Next(shape.Functions.Count));
        }

        shape.Data = new byte[random.Next(40, 200)];
        random.NextBytes(shape.Data);
        for (var index = 0; index < defined; index++)
        {
            var kind = giant && index == 0 ? random.Next(4) == 0 ? FunctionKind.Long : FunctionKind.Interpreter : FunctionKind.Ordinary;
            var nodes = kind == FunctionKind.Ordinary ? random.Next(20, 300) : random.Next(2_500, 6_000);
            var type = shape.TypeOf(ModuleShape.Host.Count + index);
            shape.Bodies.Add(new FunctionGenerator(random, shape, options, type, nodes).Generate(kind));
        }

        return new GeneratedModule(seed, shape.Encode(), shape, Calls(random, shape));
    }

    public static WasmType AnyType(Random random, GeneratorOptions options) => random.Next(options.Vectors ? 14 : 11) switch
    {
        < 4 => WasmType.I32,
        < 6 => WasmType.I64,
        6 or 7 => WasmType.F32,
        8 or 9 => WasmType.F64,
        10 => random.Next(2) == 0 ? WasmType.FuncRef : WasmType.ExternRef,
        _ => WasmType.V128,
    };

    private static FunctionType AnyFunction(Random random, GeneratorOptions options, bool canBeCalled, int mostResults)
    {
        var plain = canBeCalled ? options with { Vectors = false } : options;
        var parameters = new List<WasmType> { WasmType.I32 };
        for (var count = random.Next(8) == 0 ? random.Next(12) : random.Next(5); count > 0; count--)
        {
            parameters.Add(AnyType(random, plain));
        }

        var results = new List<WasmType>();
        for (var count = random.Next(mostResults + 1); count > 0; count--)
        {
            results.Add(AnyType(random, plain));
        }

        return new FunctionType([.. parameters], [.. results]);
    }

    private static void AddGlobals(Random random, GeneratorOptions options, ModuleShape shape)
    {
        for (var count = random.Next(4, 9); count > 0; count--)
        {
            var type = AnyType(random, options);
            shape.Globals.Add(new GlobalType(type, random.Next(4) != 0));
            var code = new WasmCode();
            switch (type)
            {
                case WasmType.I32:
                    code.I32(random.Next());
                    break;
                case WasmType.I64:
                    code.I64(random.NextInt64());
                    break;
                case WasmType.F32:
                    code.F32(BitConverter.SingleToUInt32Bits(random.NextSingle()));
                    break;
                case WasmType.F64:
                    code.F64(BitConverter.DoubleToUInt64Bits(random.NextDouble()));
                    break;
                case WasmType.V128:
                    code.V128((ulong)random.NextInt64(), (ulong)random.NextInt64());
                    break;
                case WasmType.FuncRef:
                    code.Op(Opcode.RefFunc, random.Next(shape.Functions.Count));
                    break;
                default:
                    code.Op(Opcode.RefNull);
                    code.Byte((byte)type);
                    break;
            }

            shape.GlobalValues.Add(code.ToArray());
        }
    }

    private static List<GeneratedCall> Calls(Random random, ModuleShape shape)
    {
        var calls = new List<GeneratedCall>();
        for (var function = ModuleShape.Host.Count; function < shape.Functions.Count; function++)
        {
            var type = shape.TypeOf(function);
            if (type.Parameters.Concat(type.Results).Any(static one => !Exchangeable.Contains(one)))
            {
                continue;
            }

            for (var count = 3; count > 0; count--)
            {
                calls.Add(new GeneratedCall(
                    function, [.. type.Parameters.Select((one, index) => index == 0 ? $"{random.Next(1, 5)}" : Argument(random, one))]));
            }
        }

        return calls;
    }

    // In the words that both sides read.
    private static string Argument(Random random, WasmType type) => type switch
    {
        WasmType.I32 => $"{(random.Next(2) == 0 ? random.Next(-10, 10) : (int)random.NextInt64())}",
        WasmType.I64 => $"{(random.Next(2) == 0 ? random.Next(-10, 10) : random.NextInt64(long.MinValue, long.MaxValue))}",
        WasmType.F32 => random.Next(6) == 0 ? "7fc00000" : $"{BitConverter.SingleToUInt32Bits(random.Next(-1000, 1000) / 4f):x8}",
        WasmType.F64 => random.Next(6) == 0 ? "7ff8000000000000" : $"{BitConverter.DoubleToUInt64Bits(random.Next(-1000, 1000) / 3.0):x16}",
        WasmType.ExternRef => random.Next(3) == 0 ? "null" : $"x{random.Next(5)}",
        _ => "null",
    };
}
