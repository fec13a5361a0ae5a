using System.Collections.Immutable;
using System.Security.Cryptography;
using Larder.Wasm.Artifacts;
using Larder.Wasm.Compilation;
using Larder.Wasm.Decoding;
using Larder.Wasm.Execution;

namespace Larder.Wasm;

/// <summary>
/// A module with its code, ready to be instantiated any number of times, by any number of threads. The code is compiled
/// to machine code function by function when it first runs, or ahead by <see cref="PrepareAsync(CancellationToken)"/>; with
/// <see cref="CompileOptions.Unloadable"/> it goes away when neither this object nor an instance is in use any more.
/// </summary>
public sealed class CompiledModule
{
    private readonly ReadOnlyMemory<byte> _assembly;

    // The module, or its outline when it was loaded.
    private readonly ReadOnlyMemory<byte> _binary;
    private readonly string? _digest;

    private CompiledModule(
        WasmModule module,
        InstanceLayout layout,
        CompileOptions options,
        bool guard,
        ReadOnlyMemory<byte> assembly,
        ReadOnlyMemory<byte> binary,
        string? digest)
    {
        _assembly = assembly;
        _binary = binary;
        _digest = digest;
        Module = module;
        Layout = layout;
        Options = options;
        UsesGuardPages = guard;
        Types = [.. module.Types.Select(CanonicalTypes.Get)];
        Code = new GeneratedCode(assembly, layout.Referenced.Length, module.Types.Length, options.Unloadable);
        Template = new InstanceTemplate(module, layout, Code, Types);
    }

    /// <summary>The module.</summary>
    public WasmModule Module { get; }

    /// <summary>How it was compiled.</summary>
    public CompileOptions Options { get; }

    /// <summary>Whether guard pages find accesses beyond a memory; false when addresses are compared.</summary>
    public bool UsesGuardPages { get; }

    /// <summary>Bytes of the generated code in the common language.</summary>
    public int CodeBytes => _assembly.Length;

    internal InstanceLayout Layout { get; }

    internal GeneratedCode Code { get; }

    internal ImmutableArray<CanonicalType> Types { get; }

    internal InstanceTemplate Template { get; }

    /// <summary>Compiles a module.</summary>
    /// <param name="bytes">The binary form; it must not change as long as the result is in use.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the compilation early.</param>
    /// <exception cref="WasmException">The module is malformed, invalid, or beyond a limit.</exception>
    public static CompiledModule Compile(
        ReadOnlyMemory<byte> bytes,
        CompileOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new CompileOptions();
        var module = WasmModule.Parse(bytes, options.Limits, options.Features);
        var guard = UsesGuard(options);
        var layout = InstanceLayout.Create(module);
        var code = new CodeOptions(guard, options.Fuel, options.CanonicalNaNs, options.Interruptible, options.CallDepth);
        var assembly = ModuleCompiler.Compile(module, layout, code, cancellationToken);
        return new CompiledModule(module, layout, options, guard, assembly, bytes, digest: null);
    }

    /// <summary>Loads what <see cref="Save"/> wrote. Nothing is decoded but declarations, nothing is validated.</summary>
    /// <param name="artifact">
    /// The saved bytes, from a place that only trusted programs write to: they are code. They must not change as long as
    /// the result is in use.
    /// </param>
    /// <param name="moduleDigest">SHA-256, in lower-case hex, of the module that is expected.</param>
    /// <param name="options">The options that it must have been compiled with; null for the defaults.</param>
    /// <exception cref="WasmException">
    /// The bytes are damaged, or were made from another module, by another engine or runtime, or with other options
    /// (<see cref="WasmErrorKind.BadArtifact"/>).
    /// </exception>
    public static CompiledModule Load(ReadOnlyMemory<byte> artifact, string moduleDigest, CompileOptions? options = null)
    {
        options ??= new CompileOptions();
        var recipe = ModuleRecipe.Create(moduleDigest, options);
        var (outline, code, moduleBytes) = ArtifactFormat.Read(artifact, recipe.ToString());
        var module = ModuleDecoder.DecodeWithoutCode(outline, options.Limits, options.Features, moduleBytes);
        return new CompiledModule(
            module, InstanceLayout.Create(module), options, UsesGuard(options), code, outline, moduleDigest);
    }

    /// <summary>The compiled module as bytes that <see cref="Load"/> takes. The same every time.</summary>
    public byte[] Save()
    {
        var outline = _digest is null ? ArtifactFormat.Outline(_binary.Span) : _binary;
        return ArtifactFormat.Write(RecipeText(), Module.ByteLength, outline.Span, _assembly.Span);
    }

    /// <summary>Compiles every function to machine code now, on as many threads as there are processors.</summary>
    /// <param name="cancellationToken">Ends the work early; what is compiled stays.</param>
    public Task PrepareAsync(CancellationToken cancellationToken = default) => Task.Run(
        () => Parallel.ForEach(
            Code.Functions(),
            new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount },
            method => System.Runtime.CompilerServices.RuntimeHelpers.PrepareMethod(method.MethodHandle)),
        cancellationToken);

    /// <summary>
    /// Compiles some functions to machine code now, in the background and in this order: those that are known to run
    /// first, so that whoever runs them does not have to compile each when it is reached.
    /// </summary>
    /// <param name="functions">Numbers of functions as the module counts them; what it does not define is passed over.</param>
    /// <param name="cancellationToken">Ends the work early; what is compiled stays.</param>
    public Task PrepareAsync(IReadOnlyList<int> functions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(functions);
        return Task.Run(
            () =>
            {
                foreach (var method in Code.Methods(functions))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    System.Runtime.CompilerServices.RuntimeHelpers.PrepareMethod(method.MethodHandle);
                }
            },
            cancellationToken);
    }

    /// <summary>What this was made from and with; see <see cref="ModuleRecipe"/>.</summary>
    internal string RecipeText() =>
        ModuleRecipe.Create(_digest ?? Convert.ToHexStringLower(SHA256.HashData(_binary.Span)), Options).ToString();

    internal static bool UsesGuard(CompileOptions options) => options.MemoryChecks switch
    {
        MemoryChecks.Explicit => false,
        MemoryChecks.Guard => Runtime.GuardTraps.IsAvailable
            ? true
            : throw new WasmException(WasmErrorKind.Unavailable, "guard pages do not work here: " + Runtime.GuardTraps.UnavailableReason),
        _ => Runtime.GuardTraps.IsAvailable,
    };
}
