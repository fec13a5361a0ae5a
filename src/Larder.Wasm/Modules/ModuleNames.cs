using System.Globalization;

namespace Larder.Wasm.Modules;

/// <summary>
/// Names from the custom section <c>name</c>. A damaged section gives fewer names, never an error. Thread safe.
/// Source: WebAssembly 2.0, appendix 7.4.
/// </summary>
public sealed class ModuleNames
{
    private readonly IReadOnlyDictionary<int, string> _functions;

    internal ModuleNames(string? module, IReadOnlyDictionary<int, string> functions)
    {
        Module = module;
        _functions = functions;
    }

    /// <summary>The module's own name; null when it says none.</summary>
    public string? Module { get; }

    /// <summary>How many functions have a name.</summary>
    public int FunctionCount => _functions.Count;

    internal static ModuleNames None { get; } = new(null, new Dictionary<int, string>());

    /// <summary>The name of function <paramref name="index"/>, or null.</summary>
    public string? Function(int index) => _functions.GetValueOrDefault(index);

    /// <summary>The name of function <paramref name="index"/>, or <c>func[index]</c>.</summary>
    public string Display(int index) =>
        Function(index) ?? string.Create(CultureInfo.InvariantCulture, $"func[{index}]");
}
