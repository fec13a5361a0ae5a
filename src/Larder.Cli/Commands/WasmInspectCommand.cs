using System.CommandLine;
using System.Globalization;
using Larder.Cli.Output;
using Larder.Cli.Wasm;
using Larder.Wasm.Modules;

namespace Larder.Cli.Commands;

/// <summary><c>larder wasm inspect</c>: what a module wants, offers and consists of.</summary>
internal static class WasmInspectCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("inspect", "Show what a module imports, exports and consists of. Its code is not looked at.")
        {
            Examples =
            [
                ("larder wasm inspect app.wasm", "for people"),
                ("larder wasm inspect --json app.wasm", "for programs"),
            ],
        };
        var file = new Argument<string>("file") { Description = "The module." };
        command.Arguments.Add(file);
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Options.Add(json);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var module = await ModuleFile.ReadAsync(parsed.GetRequiredValue(file), cancellationToken).ConfigureAwait(false);
            var report = module.With(() => ModuleDescription.Of(module, WasmModule.Decode(module.Bytes)));
            if (parsed.GetValue(json))
            {
                CliJson.Write(terminal, report, CliJson.Default.WasmReport);
            }
            else
            {
                Show(terminal, report);
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Show(Terminal terminal, WasmReport report)
    {
        terminal.Say($"{report.File}: {Format.Bytes(report.Bytes)}, sha256:{report.Digest}");
        terminal.Say(
            $"{Format.Count(report.Functions, "function", "functions")}, {Format.Count(report.NamedFunctions)} of them named"
            + (report.Start is { } start ? $"; starts with function {start.ToString(CultureInfo.InvariantCulture)}" : ""));
        var sections = new Columns("section", ">offset", ">bytes");
        foreach (var section in report.Sections)
        {
            sections.Add(section.Name, Number(section.Offset), Number(section.Bytes));
        }

        Write(terminal, sections);
        var imports = new Columns("import", "kind", "type");
        foreach (var import in report.Imports)
        {
            imports.Add($"{import.Module} {import.Name}", import.Kind, import.Type);
        }

        Write(terminal, imports);
        var exports = new Columns("export", "kind", "type");
        foreach (var export in report.Exports)
        {
            exports.Add(export.Name, export.Kind, export.Type);
        }

        Write(terminal, exports);
        var parts = new Columns("part", ">index", "type");
        AddParts(parts, "memory", report.Memories);
        AddParts(parts, "table", report.Tables);
        AddParts(parts, "global", report.Globals);
        Write(terminal, parts);
    }

    private static void AddParts(Columns columns, string kind, string[] types)
    {
        for (var index = 0; index < types.Length; index++)
        {
            columns.Add(kind, Number(index), types[index]);
        }
    }

    private static void Write(Terminal terminal, Columns columns)
    {
        if (columns.Count > 0)
        {
            terminal.Say();
            columns.Write(terminal);
        }
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
