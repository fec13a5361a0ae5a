using System.Collections.Immutable;
using System.Text;
using Larder.Symbols.Tables;

namespace Larder.Symbols.Details;

/// <summary>Signatures for people, from the types that identifiers have.</summary>
internal static class SignatureText
{
    public static string Of(SymbolTable table, int symbol, ImmutableArray<string> generic, ImmutableArray<string> names)
    {
        ref readonly var record = ref table[symbol];
        var name = Encoding.UTF8.GetString(table.NameOf(symbol));
        if (table.Kind == ModuleKind.WebAssembly)
        {
            return $"{name} {table.TextString(record.Type)}";
        }

        var typeNames = TypeParametersOf(table, record);
        var text = new StringBuilder();
        if (record.Form is not (SymbolForm.Constructor or SymbolForm.Initializer))
        {
            Append(text, table.TextString(record.Type), typeNames, generic);
            text.Append(' ');
        }

        text.Append(name);
        if (!generic.IsEmpty)
        {
            text.Append('<').AppendJoin(", ", generic).Append('>');
        }

        if (record.Form is not (SymbolForm.Property or SymbolForm.Event) || record.Suffix != 0)
        {
            AppendParameters(text, table.TextString(record.Suffix), names, typeNames, generic);
        }

        return text.ToString();
    }

    public static string OfType(SymbolTable table, int symbol)
    {
        ref readonly var record = ref table[symbol];
        var name = Encoding.UTF8.GetString(table.NameOf(symbol));
        if (table.Kind == ModuleKind.WebAssembly)
        {
            return $"{name} {table.TextString(record.Type)}";
        }

        var text = new StringBuilder(record.Form.ToString().ToLowerInvariant()).Append(' ').Append(Plain(name));
        var parameters = table.TextString(record.Value);
        if (parameters.Length > 0)
        {
            text.Append('<').Append(parameters.Replace(",", ", ", StringComparison.Ordinal)).Append('>');
        }

        if (record.Type != 0 && record.Form is SymbolForm.Class or SymbolForm.Forward)
        {
            text.Append(record.Form == SymbolForm.Forward ? " in " : " : ");
            Append(text, table.TextString(record.Type), parameters.Split(','), []);
        }

        return text.ToString();
    }

    private static string[] TypeParametersOf(SymbolTable table, in SymbolRecord record) =>
        record.Parent == 0 ? [] : table.TextString(table[(int)record.Parent - 1].Value).Split(',');

    private static string Plain(string name) => name.LastIndexOf('`') is > 0 and var mark ? name[..mark] : name;

    private static void AppendParameters(
        StringBuilder text, string suffix, ImmutableArray<string> names, string[] typeNames, ImmutableArray<string> generic)
    {
        var start = suffix.IndexOf('(', StringComparison.Ordinal);
        text.Append('(');
        if (start >= 0)
        {
            var end = suffix.LastIndexOf(')');
            var parameter = 0;
            var depth = 0;
            for (int at = start + 1, from = at; at <= end; at++)
            {
                depth += suffix[at] is '{' or '(' or '[' ? 1 : suffix[at] is '}' or ']' || (suffix[at] == ')' && at < end) ? -1 : 0;
                if (at < end && (suffix[at] != ',' || depth > 0))
                {
                    continue;
                }

                text.Append(parameter == 0 ? "" : ", ");
                Append(text, suffix[from..at], typeNames, generic);
                if (parameter < names.Length && names[parameter].Length > 0)
                {
                    text.Append(' ').Append(names[parameter]);
                }

                parameter++;
                from = at + 1;
            }
        }

        text.Append(')');
    }

    // `0 becomes the name of the type's parameter, ``0 of the method's, braces become angle brackets.
    private static void Append(StringBuilder text, string type, string[] typeNames, ImmutableArray<string> generic)
    {
        for (var at = 0; at < type.Length; at++)
        {
            switch (type[at])
            {
                case '{':
                    text.Append('<');
                    break;
                case '}':
                    text.Append('>');
                    break;
                case '@':
                    text.Append('&');
                    break;
                case ',':
                    text.Append(", ");
                    break;
                case '`':
                    var isMethod = at + 1 < type.Length && type[at + 1] == '`';
                    var from = at + (isMethod ? 2 : 1);
                    var end = from;
                    while (end < type.Length && char.IsAsciiDigit(type[end]))
                    {
                        end++;
                    }

                    var index = end > from && end - from < 6 ? int.Parse(type.AsSpan(from, end - from), System.Globalization.CultureInfo.InvariantCulture) : -1;
                    text.Append(isMethod && index >= 0 && index < generic.Length ? generic[index]
                        : !isMethod && index >= 0 && index < typeNames.Length && typeNames[index].Length > 0 ? typeNames[index]
                        : type[at..end]);
                    at = end - 1;
                    break;
                default:
                    text.Append(type[at]);
                    break;
            }
        }
    }
}
