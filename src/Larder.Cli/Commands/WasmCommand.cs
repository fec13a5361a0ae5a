using System.CommandLine;

namespace Larder.Cli.Commands;

/// <summary><c>larder wasm</c>: WebAssembly modules on the command line.</summary>
internal static class WasmCommand
{
    public static Command Create(Terminal terminal) => new DocumentedCommand("wasm", "Run, inspect, validate and compile WebAssembly modules.")
    {
        WasmRunCommand.Create(terminal),
        WasmInspectCommand.Create(terminal),
        WasmValidateCommand.Create(terminal),
        WasmCompileCommand.Create(terminal),
    };
}
