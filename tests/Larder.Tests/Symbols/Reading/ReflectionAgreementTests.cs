using System.Globalization;
using System.Reflection;
using System.Text;
using Larder.Symbols;
using Larder.Symbols.Modules;
using Larder.Symbols.Tables;

namespace Larder.Tests.Symbols.Reading;

/// <summary>What a table says of the installed framework is what reflection says, of every public type and member, both ways.</summary>
public sealed class ReflectionAgreementTests
{
    private const BindingFlags Everything =
        BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void Every_public_member_of_the_framework_is_told_as_reflection_tells_it()
    {
        var wrong = new List<string>();
        var members = 0;
        var modules = 0;
        foreach (var path in ModuleFiles.OfFramework())
        {
            if (Load(path) is not { } assembly)
            {
                continue;
            }

            modules++;
            using var bytes = ModuleReader.ReadFile(path);
            using var table = SymbolTable.Open(TableMemory.Copy(ModuleReader.MakeTable(bytes, path, ModuleReader.Digest(bytes))));
            Assert.Equal(assembly.GetName().Name, table.ModuleName);
            Assert.Equal(assembly.ManifestModule.ModuleVersionId, table.Mvid);
            members += Compare(assembly, table, wrong);
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} differences, such as:\n" + string.Join('\n', wrong.Take(30)));
        Assert.True(modules > 250, $"Only {modules} modules were compared.");
        Assert.True(members > 80_000, $"Only {members} members were compared.");
    }

    private static Assembly? Load(string path)
    {
        try
        {
            var assembly = Assembly.Load(AssemblyName.GetAssemblyName(path));
            return assembly.Location == path || assembly == typeof(object).Assembly ? assembly : null;
        }
        catch (Exception e) when (e is FileNotFoundException or FileLoadException or BadImageFormatException)
        {
            return null;
        }
    }

    private static int Compare(Assembly assembly, SymbolTable table, List<string> wrong)
    {
        var expected = new Dictionary<string, int>(StringComparer.Ordinal);
        void Expect(string id, Func<int, string?> problem)
        {
            var count = expected[id] = expected.GetValueOrDefault(id) + 1;
            var symbol = table.Find(Encoding.UTF8.GetBytes(count == 1 ? id : $"{id}#{count}"));
            var text = symbol < 0 ? "is not there" : problem(symbol);
            if (text is not null)
            {
                wrong.Add($"{assembly.GetName().Name}: {id} {text}");
            }
        }

        foreach (var type in assembly.GetExportedTypes())
        {
            Expect(ReflectedIds.Of(type), symbol => Problem(table, symbol, type));
            foreach (var member in type.GetMembers(Everything).Where(static member => member is not Type).OrderBy(static member => member.MetadataToken))
            {
                Expect(ReflectedIds.Of(member), symbol => Problem(table, symbol, member));
            }
        }

        var builder = new Utf8Builder();
        for (var symbol = 0; symbol < table.Count; symbol++)
        {
            if (IsPublic(table, symbol) && table[symbol].Kind != SymbolKind.Module && table[symbol].Form != SymbolForm.Forward)
            {
                builder.Clear();
                table.AppendIdentifier(symbol, builder);
                var id = Encoding.UTF8.GetString(builder.Written);
                if (!expected.TryGetValue(id, out var left) || left == 0)
                {
                    wrong.Add($"{assembly.GetName().Name}: {id} is not public in reflection");
                    continue;
                }

                expected[id] = left - 1;
            }
        }

        return expected.Count;
    }

    private static bool IsPublic(SymbolTable table, int symbol)
    {
        for (; ; symbol = (int)table[symbol].Parent - 1)
        {
            if (table[symbol].Visibility != SymbolVisibility.Public)
            {
                return false;
            }

            if (table[symbol].Parent == 0)
            {
                return true;
            }
        }
    }

    private static string? Problem(SymbolTable table, int symbol, Type type)
    {
        var form = type.IsEnum ? SymbolForm.Enum
            : type.IsInterface ? SymbolForm.Interface
            : type.IsValueType ? SymbolForm.Struct
            : type.BaseType == typeof(MulticastDelegate) ? SymbolForm.Delegate
            : SymbolForm.Class;
        ref readonly var record = ref table[symbol];
        var isStatic = type is { IsAbstract: true, IsSealed: true, IsClass: true };
        return record.Kind != SymbolKind.Type || record.Form != form ? $"is {record.Form} and not {form}"
            : record.Token != (uint)type.MetadataToken ? "has another token"
            : Has(record, SymbolTraits.Static) != isStatic ? "is static or not"
            : !Has(record, SymbolTraits.Exported) ? "is not exported"
            : type.BaseType is { } parent && table.TextString(record.Type) != ReflectedIds.Name(parent) ? $"derives from {table.TextString(record.Type)}"
            : table.TextString(record.Value) != string.Join(',', type.GetGenericArguments().Select(static one => one.Name)) ? "has other type parameters"
            : null;
    }

    private static string? Problem(SymbolTable table, int symbol, MemberInfo member)
    {
        ref readonly var record = ref table[symbol];
        var type = table.TextString(record.Type);
        return record.Token != (uint)member.MetadataToken ? $"has the token {record.Token:x} and not {member.MetadataToken:x}"
            : record.Visibility != SymbolVisibility.Public || !Has(record, SymbolTraits.Exported) ? $"is {record.Visibility}"
            : member switch
            {
                ConstructorInfo constructor => record.Form != (constructor.IsStatic ? SymbolForm.Initializer : SymbolForm.Constructor) ? $"is {record.Form}"
                    : Names(table, record, constructor),
                MethodInfo method => record.Kind != SymbolKind.Function ? $"is {record.Kind}"
                    : type != ReflectedIds.Name(method.ReturnType) ? $"returns {type}"
                    : Has(record, SymbolTraits.Static) != method.IsStatic ? "is static or not"
                    : Has(record, SymbolTraits.Abstract) != method.IsAbstract ? "is abstract or not"
                    : Has(record, SymbolTraits.Virtual) != (method.IsVirtual && !method.IsFinal) ? "is virtual or not"
                    : Names(table, record, method),
                PropertyInfo property => record.Form != SymbolForm.Property ? $"is {record.Form}"
                    : type != ReflectedIds.Name(property.PropertyType) ? $"has the type {type}"
                    : Has(record, SymbolTraits.Readable) != property.CanRead || Has(record, SymbolTraits.Writable) != property.CanWrite ? "is readable or writable or not"
                    : null,
                EventInfo @event => record.Form != SymbolForm.Event || type != ReflectedIds.Name(@event.EventHandlerType!) ? $"is {record.Form} of {type}" : null,
                FieldInfo field => record.Kind != (field.IsLiteral ? SymbolKind.Constant : SymbolKind.Field) ? $"is {record.Kind}"
                    : type != ReflectedIds.Name(field.FieldType) ? $"has the type {type}"
                    : Has(record, SymbolTraits.ReadOnly) != field.IsInitOnly ? "is read-only or not"
                    : field.IsLiteral && table.TextString(record.Value) != Value(field) ? $"is {table.TextString(record.Value)} and not {Value(field)}"
                    : null,
                _ => null,
            };
    }

    private static string? Names(SymbolTable table, in SymbolRecord record, MethodBase method)
    {
        var generic = method.IsGenericMethod ? "<" + string.Join(',', method.GetGenericArguments().Select(static one => one.Name)) + ">" : "";
        var expected = generic + string.Join(',', method.GetParameters().Select(static one => one.Name));
        var actual = table.TextString(record.Value);
        return actual.TrimEnd(',') == expected.TrimEnd(',') ? null : $"has the names {actual} and not {expected}";
    }

    private static string Value(FieldInfo field) => field.GetRawConstantValue() switch
    {
        null => "null",
        bool value => value ? "true" : "false",
        char value => !char.IsControl(value) && Rune.TryCreate(value, out _) ? value.ToString() : $"\\u{(int)value:X4}",
        string value => value,
        var value => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
    };

    private static bool Has(in SymbolRecord record, SymbolTraits trait) => (record.Traits & trait) != 0;
}
