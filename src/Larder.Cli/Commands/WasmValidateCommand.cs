using System.CommandLine;
using Larder.Cli.Output;
using Larder.Cli.Wasm;
using Larder.Wasm.Modules;

namespace Larder.Cli.Commands;

/// <summary><c>larder wasm validate</c>: whether a module keeps every rule.</summary>
internal static class WasmValidateCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand(
            "validate", "Check a module against every rule of validation. Exits with 4, and says where, when it breaks one.")
        {
            Examples = [("larder wasm validate app.wasm", "one line, whichever way it ends")],
        };
        var file = new Argument<string>("file") { Description = "The module." };
        command.Arguments.Add(file);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var module = await ModuleFile.ReadAsync(parsed.GetRequiredValue(file), cancellationToken).ConfigureAwait(false);
            var valid = module.With(() => WasmModule.Parse(module.Bytes));
            terminal.Say($"{module.Path} is valid: {Format.Count(valid.FunctionCount, "function", "functions")}, {Format.Bytes(valid.ByteLength)}.");
            return ExitCodes.Ok;
        });
        return command;
    }
}
