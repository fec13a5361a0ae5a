using System.Globalization;

namespace Larder.Wasm.Compilation;

/// <summary>Compiles a validated module to an assembly.</summary>
internal static class ModuleCompiler
{
    /// <summary>Name of the method that writes the addresses of the others; it is followed by its number.</summary>
    public const string AddressesMethod = "addresses";

    /// <summary>Follows the name of a function whose body is a method apart.</summary>
    public const string BodySuffix = "body";

    // Below this the start of further threads costs more than it saves.
    private const int ParallelBytes = 64 * 1024;

    /// <summary>How many addresses each of them writes.</summary>
    public const int AddressesPerMethod = 1000;

    /// <summary>
    /// Compiles every function. The addresses that the assembly tells are, in order: the referenced functions of the
    /// layout, for each type the entry, for each type the way to the host.
    /// </summary>
    public static byte[] Compile(
        WasmModule module,
        InstanceLayout layout,
        CodeOptions options,
        CancellationToken cancellationToken)
    {
        var functions = CompileFunctions(module, layout, options, cancellationToken);
        var writer = new AssemblyWriter(module);
        var firstRegion = functions.Length;
        for (var index = 0; index < functions.Length; index++)
        {
            var function = module.ImportedFunctionCount + index;
            var signature = writer.FunctionSignature(module.FunctionTypeOf(function));
            bool? inlined = functions[index].CountsDepth ? false : null;
            writer.AddMethod(FunctionName(function), signature, functions[index], firstRegion, inlined);
            firstRegion += functions[index].Parts;
        }

        firstRegion = functions.Length;
        for (var index = 0; index < functions.Length; index++)
        {
            var function = module.ImportedFunctionCount + index;
            var name = FunctionName(function);
            foreach (var region in functions[index].Regions)
            {
                writer.AddMethod(name + "part", writer.RegionSignature(region), region.Method, inlined: true);
            }

            if (functions[index].Body is { } body)
            {
                var signature = writer.FunctionSignature(module.FunctionTypeOf(function));
                writer.AddMethod(name + BodySuffix, signature, body, firstRegion, inlined: false);
            }

            firstRegion += functions[index].Parts;
        }

        AddThunks(module, layout, writer, firstRegion);
        return writer.Finish();
    }

    /// <summary>Name of the method of a function.</summary>
    public static string FunctionName(int function) => string.Create(CultureInfo.InvariantCulture, $"f{function}");

    /// <summary>The function whose method has this name; -1 when it is none.</summary>
    public static int FunctionOf(string name) =>
        name.Length > 1 && name[0] == 'f' && int.TryParse(name.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
            : -1;

    private static MethodCode[] CompileFunctions(
        WasmModule module,
        InstanceLayout layout,
        CodeOptions options,
        CancellationToken cancellationToken)
    {
        var functions = new MethodCode[module.Bodies.Length];
        if (module.Bodies.Sum(body => (long)body.Code.Length) < ParallelBytes)
        {
            var compiler = new FunctionCompiler(module, layout, options);
            for (var index = 0; index < functions.Length; index++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                functions[index] = compiler.Compile(index);
            }

            return functions;
        }

        var parallel = new ParallelOptions
        {
            CancellationToken = cancellationToken,
            MaxDegreeOfParallelism = Environment.ProcessorCount,
        };
        Parallel.For(
            0,
            functions.Length,
            parallel,
            () => new FunctionCompiler(module, layout, options),
            (index, _, compiler) =>
            {
                functions[index] = compiler.Compile(index);
                return compiler;
            },
            _ => { });
        return functions;
    }

    private static void AddThunks(WasmModule module, InstanceLayout layout, AssemblyWriter writer, int methods)
    {
        var addresses = new int[layout.Referenced.Length + (2 * module.Types.Length)];
        addresses.AsSpan().Fill(-1);
        for (var index = 0; index < layout.Referenced.Length; index++)
        {
            addresses[index] = layout.Referenced[index] - module.ImportedFunctionCount;
        }

        var entrySignature = writer.PointerSignature(4);
        foreach (var type in module.FunctionTypes.Distinct().Order())
        {
            var suffix = type.ToString(CultureInfo.InvariantCulture);
            var entry = layout.Referenced.Length + type;
            writer.AddMethod("enter" + suffix, entrySignature, ThunkCompiler.Entry(module.Types[type], type));
            addresses[entry] = methods++;
            writer.AddMethod("host" + suffix, writer.FunctionSignature(module.Types[type]), ThunkCompiler.Host(module.Types[type]));
            addresses[entry + module.Types.Length] = methods++;
        }

        var signature = writer.PointerSignature(1);
        for (var start = 0; start < addresses.Length; start += AddressesPerMethod)
        {
            var count = Math.Min(AddressesPerMethod, addresses.Length - start);
            var name = AddressesMethod + (start / AddressesPerMethod).ToString(CultureInfo.InvariantCulture);
            writer.AddMethod(name, signature, ThunkCompiler.Addresses(addresses.AsSpan(start, count)));
        }
    }
}
