using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Larder.Wasm;

/// <summary>
/// Everything that decides what a compiled module looks like: who keeps compiled modules names them by all of it. Two
/// recipes that differ anywhere never share code.
/// </summary>
public sealed class ModuleRecipe
{
    // Other code makes another engine, also when nobody thought of raising a version.
    private static readonly string Engine = typeof(ModuleRecipe).Assembly.ManifestModule.ModuleVersionId.ToString("N");

    private ModuleRecipe(ImmutableArray<KeyValuePair<string, string>> components) => Components = components;

    /// <summary>The components in a fixed order: a name and a value each.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Components { get; }

    /// <summary>The recipe of a module that is compiled here with these options.</summary>
    /// <exception cref="WasmException">The options ask for guard pages, which do not work here.</exception>
    public static ModuleRecipe Create(ReadOnlySpan<byte> module, CompileOptions? options = null) =>
        Create(Convert.ToHexStringLower(SHA256.HashData(module)), options);

    /// <summary>The recipe of a module of which only the digest is known.</summary>
    /// <param name="moduleDigest">SHA-256 of the module in lower-case hex.</param>
    /// <param name="options">How it is compiled; null for the defaults.</param>
    public static ModuleRecipe Create(string moduleDigest, CompileOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(moduleDigest);
        options ??= new CompileOptions();
        return new ModuleRecipe(
        [
            new("module-digest", moduleDigest),
            new("engine", Engine),
            new("runtime", Environment.Version.ToString()),
            new("memory-checks", CompiledModule.UsesGuard(options) ? "guard" : "explicit"),
            new("fuel", options.Fuel ? "yes" : "no"),
            new("call-depth", options.CallDepth ? "yes" : "no"),
            new("canonical-nans", options.CanonicalNaNs ? "yes" : "no"),
            new("interruptible", options.Interruptible ? "yes" : "no"),
            new("unloadable", options.Unloadable ? "yes" : "no"),
            new("features", options.Features.ToString()),
        ]);
    }

    /// <summary>The recipe as text, a component a line.</summary>
    public override string ToString() => string.Join('\n', Components.Select(component => $"{component.Key}={component.Value}"));
}
