using System.CommandLine;
using Larder.Cli.Output;
using Larder.Cli.Wasm;
using Larder.Wasm;

namespace Larder.Cli.Commands;

/// <summary><c>larder wasm compile</c>: a module as code that starts without being compiled again.</summary>
internal static class WasmCompileCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand(
            "compile", "Compile a module to a file that 'larder wasm run --compiled' starts faster. It fits this larder and runtime only.")
        {
            Examples =
            [
                ("larder wasm compile app.wasm -o app.lwasm", "then: larder wasm run --compiled app.lwasm"),
                ("larder wasm compile --fuel --canonical-nans app.wasm -o app.lwasm", "for deterministic runs"),
            ],
        };
        var file = new Argument<string>("file") { Description = "The module." };
        command.Arguments.Add(file);
        var output = new Option<string>("--output", "-o") { Description = "Where to.", HelpName = "FILE", Required = true };
        command.Options.Add(output);
        var fuel = new Option<bool>("--fuel") { Description = "Count instructions, for 'larder wasm run --fuel'." };
        command.Options.Add(fuel);
        var explicitChecks = WasmOptions.ExplicitChecks();
        command.Options.Add(explicitChecks);
        var canonical = WasmOptions.CanonicalNaNs();
        command.Options.Add(canonical);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var module = await ModuleFile.ReadAsync(parsed.GetRequiredValue(file), cancellationToken).ConfigureAwait(false);
            var options = RunOptions.Compilation(parsed.GetValue(explicitChecks), parsed.GetValue(fuel), parsed.GetValue(canonical));
            var compiled = module.With(() => CompiledModule.Compile(module.Bytes, options, cancellationToken));
            var path = parsed.GetRequiredValue(output);
            var saved = SavedModule.Write(compiled, module.Digest);
            await LocalFiles.WriteAsync(path, saved, cancellationToken).ConfigureAwait(false);
            terminal.Say($"{path}: {Format.Bytes(saved.Length)}.");
            return ExitCodes.Ok;
        });
        return command;
    }
}
