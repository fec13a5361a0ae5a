using System.Globalization;
using System.Text;
using Larder.Wasm.Modules;

namespace Larder.Cli.Wasm;

/// <summary>Describes a decoded module in words.</summary>
internal static class ModuleDescription
{
    private const int HeaderBytes = 8;

    private static readonly string[] SectionNames =
        ["custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data count", "tag"];

    public static WasmReport Of(ModuleFile file, WasmModule module) => new()
    {
        File = file.Path,
        Bytes = module.ByteLength,
        Digest = file.Digest,
        Name = module.Names.Module,
        Functions = module.FunctionCount,
        NamedFunctions = module.Names.FunctionCount,
        Start = module.StartFunction < 0 ? null : module.StartFunction,
        Sections = [.. Sections(file.Bytes)],
        Imports = [.. module.Imports.Select(Describe)],
        Exports = [.. module.Exports.Select(export => Describe(module, export))],
        Memories = [.. module.Memories.Select(Describe)],
        Tables = [.. module.Tables.Select(Describe)],
        Globals = [.. module.Globals.Select(Describe)],
    };

    private static WasmExtern Describe(ModuleImport import) => new(import.Module, import.Name, Kind(import.Kind), import.Kind switch
    {
        ExternKind.Function => import.Function!.ToString(),
        ExternKind.Table => Describe(import.Table),
        ExternKind.Memory => Describe(import.Memory),
        _ => Describe(import.Global),
    });

    private static WasmExtern Describe(WasmModule module, ModuleExport export) => new(null, export.Name, Kind(export.Kind), export.Kind switch
    {
        ExternKind.Function => module.FunctionTypeOf(export.Index).ToString(),
        ExternKind.Table => Describe(module.Tables[export.Index]),
        ExternKind.Memory => Describe(module.Memories[export.Index]),
        _ => Describe(module.Globals[export.Index]),
    });

    private static string Kind(ExternKind kind) => kind.ToString().ToLowerInvariant();

    private static string Describe(MemoryType type) => $"{Describe(type.Limits)} pages{(type.Is64 ? ", 64-bit" : "")}";

    private static string Describe(TableType type) =>
        $"{Describe(type.Limits)} {GuestValues.Name(type.Element)}{(type.Is64 ? ", 64-bit" : "")}";

    private static string Describe(GlobalType type) => type.IsMutable ? $"mut {GuestValues.Name(type.Type)}" : GuestValues.Name(type.Type);

    private static string Describe(Limits limits) => limits.Maximum is { } maximum
        ? string.Create(CultureInfo.InvariantCulture, $"{limits.Minimum} to {maximum}")
        : string.Create(CultureInfo.InvariantCulture, $"{limits.Minimum} or more");

    // The module was decoded before, so its sections lie one after the other to its end.
    private static IEnumerable<WasmSection> Sections(byte[] bytes)
    {
        for (var at = HeaderBytes; at < bytes.Length;)
        {
            var start = at;
            int id = bytes[at++];
            var length = Number(bytes, ref at);
            var name = id < SectionNames.Length ? SectionNames[id] : id.ToString(CultureInfo.InvariantCulture);
            if (id == 0)
            {
                var text = at;
                var characters = Number(bytes, ref text);
                name = $"custom {Encoding.UTF8.GetString(bytes, text, characters)}";
            }

            at += length;
            yield return new WasmSection(name, start, at - start);
        }
    }

    private static int Number(byte[] bytes, ref int at)
    {
        var number = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = bytes[at++];
            number |= (part & 0x7F) << shift;
            if (part < 0x80)
            {
                return number;
            }
        }
    }
}
