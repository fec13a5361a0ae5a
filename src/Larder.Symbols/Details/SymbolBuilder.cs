using System.Collections.Immutable;
using System.Text;
using Larder.Symbols.Tables;

namespace Larder.Symbols.Details;

/// <summary>Makes the data of a symbol from its table.</summary>
internal static class SymbolBuilder
{
    /// <summary>Members that are listed of one type at most; there is no type of real code with as many.</summary>
    private const int MaxListed = 100_000;

    public static SymbolData Symbol(SymbolTable table, ModuleId module, int symbol, string id)
    {
        ref readonly var record = ref table[symbol];
        var kind = record.Kind;
        return new SymbolData
        {
            Key = new SymbolKey(module, id),
            Name = Encoding.UTF8.GetString(table.NameOf(symbol)),
            Kind = kind,
            Form = record.Form,
            Visibility = record.Visibility,
            Traits = record.Traits,
            Attributes = List(table.Text(record.Attributes)),
            ValueType = kind == SymbolKind.Field ? table.TextString(record.Type) : string.Empty,
            Token = (int)record.Token,
            Function = kind == SymbolKind.Function ? Function(table, symbol) : null,
            Type = kind == SymbolKind.Type ? Type(table, symbol) : null,
            Constant = kind == SymbolKind.Constant ? Constant(table, symbol) : null,
            Module = kind == SymbolKind.Module
                ? new ModuleData(module.Path, table.ModuleVersion, table.Count, table.ExportCount)
                : null,
        };
    }

    public static FunctionData Function(SymbolTable table, int symbol)
    {
        ref readonly var record = ref table[symbol];
        var (generic, parameters) = ParameterNames(table.Text(record.Value));
        return new FunctionData
        {
            Signature = SignatureText.Of(table, symbol, generic, parameters),
            ReturnType = table.TextString(record.Type),
            Parameters = parameters,
            Attributes = List(table.Text(record.Attributes)),
        };
    }

    public static TypeData Type(SymbolTable table, int symbol)
    {
        ref readonly var record = ref table[symbol];
        var constructors = ImmutableArray.CreateBuilder<string>();
        var methods = ImmutableArray.CreateBuilder<string>();
        var end = Math.Min(table.Count, symbol + 1L + Math.Min(record.Members, MaxListed));
        for (var member = symbol + 1; member < end; member++)
        {
            switch (table[member].Form)
            {
                case SymbolForm.Constructor:
                    constructors.Add(table.IdentifierOf(member));
                    break;
                case SymbolForm.Method or SymbolForm.Operator:
                    methods.Add(table.IdentifierOf(member));
                    break;
            }
        }

        return new TypeData
        {
            Definition = SignatureText.OfType(table, symbol),
            BaseType = table.TextString(record.Type),
            TypeParameters = table.Kind == ModuleKind.Assembly ? List(table.Text(record.Value)) : [],
            Constructors = constructors.DrainToImmutable(),
            Methods = methods.DrainToImmutable(),
            MemberCount = (int)record.Members,
        };
    }

    public static ConstantData Constant(SymbolTable table, int symbol)
    {
        ref readonly var record = ref table[symbol];
        return new ConstantData(table.TextString(record.Type), table.TextString(record.Value));
    }

    private static ImmutableArray<string> List(ReadOnlySpan<byte> text) =>
        text.IsEmpty ? [] : [.. Encoding.UTF8.GetString(text).Split(',')];

    private static (ImmutableArray<string> Generic, ImmutableArray<string> Parameters) ParameterNames(ReadOnlySpan<byte> text)
    {
        ImmutableArray<string> generic = [];
        if (!text.IsEmpty && text[0] == (byte)'<')
        {
            var end = text.IndexOf((byte)'>');
            if (end > 0)
            {
                generic = List(text[1..end]);
                text = text[(end + 1)..];
            }
        }

        return (generic, List(text));
    }
}
