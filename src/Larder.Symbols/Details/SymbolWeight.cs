using System.Collections.Immutable;

namespace Larder.Symbols.Details;

/// <summary>
/// What entries of the caches take in memory, in bytes of a 64-bit runtime: every object that an entry alone keeps alive,
/// rounded as the runtime does, and what the map itself needs for it. A test holds this against the garbage collector's count.
/// </summary>
internal static class SymbolWeight
{
    /// <summary>Slot, buckets and place in the policy and in the index of modules, as measured.</summary>
    public const int EntryBytes = 176;

    private const int HeaderBytes = 16;
    private const int SymbolBytes = HeaderBytes + 112;
    private const int FunctionBytes = HeaderBytes + 32;
    private const int TypeBytes = HeaderBytes + 48;
    private const int ConstantBytes = HeaderBytes + 16;
    private const int ModuleBytes = HeaderBytes + 24;
    private const int LocationBytes = HeaderBytes + 24;

    public static long Of(string? text) => text is null or { Length: 0 } ? 0 : Round(22 + (2L * text.Length));

    public static long Of(SymbolData symbol) =>
        SymbolBytes + Of(symbol.Key.Id) + Of(symbol.Name) + Of(symbol.Attributes) + Of(symbol.ValueType) + Of(symbol.Documentation)
        + (symbol.Location is { } location ? LocationBytes + Of(location.File) : 0)
        + (symbol.Function is { } function ? Of(function) : 0)
        + (symbol.Type is { } type ? Of(type) : 0)
        + (symbol.Constant is { } constant ? Of(constant) : 0)
        + (symbol.Module is { } module ? ModuleBytes + Of(module.Version) : 0);

    public static long Of(FunctionData function) =>
        FunctionBytes + Of(function.Signature) + Of(function.ReturnType) + Of(function.Parameters) + Of(function.Attributes);

    public static long Of(TypeData type) =>
        TypeBytes + Of(type.Definition) + Of(type.BaseType) + Of(type.TypeParameters) + Of(type.Constructors) + Of(type.Methods);

    public static long Of(ConstantData constant) => ConstantBytes + Of(constant.Type) + Of(constant.Value);

    private static long Of(ImmutableArray<string> texts)
    {
        if (texts.IsDefaultOrEmpty)
        {
            return 0;
        }

        var bytes = Round(24 + (8L * texts.Length));
        foreach (var text in texts)
        {
            bytes += Of(text);
        }

        return bytes;
    }

    private static long Round(long bytes) => (bytes + 7) & ~7L;
}
