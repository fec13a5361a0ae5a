using System.Buffers.Text;
using System.Text;

namespace Larder.Symbols.Tables;

/// <content>
/// Identifiers: those of documentation comments, a letter for the kind, a colon, the qualified name and the types of the
/// parameters. They are not kept but put together, and compared from their end.
/// </content>
internal sealed unsafe partial class SymbolTable
{
    // More equal identifiers than this are not told apart: only a hostile module has them.
    private const int MaxOrdinal = 256;

    /// <summary>The letter of a symbol's identifier.</summary>
    public static byte LetterOf(SymbolKind kind, SymbolForm form) => kind switch
    {
        SymbolKind.Module => (byte)'A',
        SymbolKind.Type => (byte)'T',
        SymbolKind.Function => form switch
        {
            SymbolForm.Property => (byte)'P',
            SymbolForm.Event => (byte)'E',
            _ => (byte)'M',
        },
        _ => (byte)'F',
    };

    /// <summary>How a letter of a member's name stands in its identifier.</summary>
    public static byte Mangle(byte letter) => letter switch
    {
        (byte)'.' => (byte)'#',
        (byte)'<' => (byte)'{',
        (byte)'>' => (byte)'}',
        (byte)',' => (byte)'@',
        _ => letter,
    };

    /// <summary>Whether an identifier ends with an ordinal, as the second and later of equal ones do: <c>M:X.F#2</c>.</summary>
    public static bool SplitOrdinal(ReadOnlySpan<byte> identifier, out ReadOnlySpan<byte> plain, out int ordinal)
    {
        plain = identifier;
        ordinal = 0;
        var mark = identifier.LastIndexOf((byte)'#');
        if (mark <= 0
            || !Utf8Parser.TryParse(identifier[(mark + 1)..], out ordinal, out var read)
            || read != identifier.Length - mark - 1
            || ordinal < 2)
        {
            return false;
        }

        plain = identifier[..mark];
        return true;
    }

    /// <summary>The identifier of a symbol, with its ordinal when others have the same.</summary>
    public string IdentifierOf(int symbol)
    {
        var builder = new Utf8Builder();
        AppendIdentifier(symbol, builder);
        var found = Find(builder.Written);
        for (var ordinal = 2; found >= 0 && found != symbol && ordinal <= MaxOrdinal; ordinal++)
        {
            builder.Clear();
            AppendIdentifier(symbol, builder);
            builder.Append((byte)'#');
            builder.Append(ordinal);
            found = Find(builder.Written);
        }

        return Encoding.UTF8.GetString(builder.Written);
    }

    /// <summary>The identifier without its letter, colon and ordinal.</summary>
    public string QualifiedNameOf(int symbol)
    {
        var builder = new Utf8Builder();
        AppendQualified(symbol, builder, 0);
        return Encoding.UTF8.GetString(builder.Written);
    }

    /// <summary>Appends the identifier without an ordinal.</summary>
    public void AppendIdentifier(int symbol, Utf8Builder builder)
    {
        ref readonly var record = ref this[symbol];
        builder.Append(LetterOf(record.Kind, record.Form));
        builder.Append((byte)':');
        AppendQualified(symbol, builder, 0);
    }

    private void AppendQualified(int symbol, Utf8Builder builder, int depth)
    {
        ref readonly var record = ref this[symbol];
        var parent = ParentOf(symbol, record, depth);
        if (parent >= 0)
        {
            AppendQualified(parent, builder, depth + 1);
            builder.Append((byte)'.');
        }
        else if (record.Kind == SymbolKind.Type && record.Suffix != 0)
        {
            builder.Append(Text(record.Suffix));
            builder.Append((byte)'.');
        }

        var name = Name((int)record.Name);
        if (record.Kind is SymbolKind.Type or SymbolKind.Module || Kind == ModuleKind.WebAssembly)
        {
            builder.Append(name);
        }
        else
        {
            foreach (var letter in name)
            {
                builder.Append(Mangle(letter));
            }
        }

        if (record.Kind != SymbolKind.Type && record.Suffix != 0)
        {
            builder.Append(Text(record.Suffix));
        }
    }

    private bool HasIdentifier(int symbol, ReadOnlySpan<byte> identifier)
    {
        ref readonly var record = ref this[symbol];
        return identifier.Length > 2
            && identifier[1] == (byte)':'
            && identifier[0] == LetterOf(record.Kind, record.Form)
            && IsQualified(symbol, identifier[2..]);
    }

    private bool IsQualified(int symbol, ReadOnlySpan<byte> text)
    {
        for (var depth = 0; ; depth++)
        {
            ref readonly var record = ref this[symbol];
            if (record.Kind != SymbolKind.Type && record.Suffix != 0 && !TakeEnd(ref text, Text(record.Suffix)))
            {
                return false;
            }

            var name = Name((int)record.Name);
            var isPlain = record.Kind is SymbolKind.Type or SymbolKind.Module || Kind == ModuleKind.WebAssembly;
            if (isPlain ? !TakeEnd(ref text, name) : !TakeMangledEnd(ref text, name))
            {
                return false;
            }

            var parent = ParentOf(symbol, record, depth);
            if (parent < 0)
            {
                return record.Kind != SymbolKind.Type || record.Suffix == 0
                    ? text.IsEmpty
                    : TakeEnd(ref text, "."u8) && text.SequenceEqual(Text(record.Suffix));
            }

            if (!TakeEnd(ref text, "."u8))
            {
                return false;
            }

            symbol = parent;
        }
    }

    // Parents come before their members, so that no table can lead in a circle.
    private static int ParentOf(int symbol, in SymbolRecord record, int depth) =>
        record.Parent == 0 ? -1
        : record.Parent <= (uint)symbol && depth < MaxDepth ? (int)record.Parent - 1
        : throw Damaged($"symbol {symbol} is declared in symbol {record.Parent - 1}");

    private static bool TakeEnd(ref ReadOnlySpan<byte> text, ReadOnlySpan<byte> end)
    {
        if (!text.EndsWith(end))
        {
            return false;
        }

        text = text[..^end.Length];
        return true;
    }

    private static bool TakeMangledEnd(ref ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        if (text.Length < name.Length)
        {
            return false;
        }

        var end = text[^name.Length..];
        for (var i = name.Length - 1; i >= 0; i--)
        {
            if (end[i] != Mangle(name[i]))
            {
                return false;
            }
        }

        text = text[..^name.Length];
        return true;
    }
}
