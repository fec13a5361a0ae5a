using System.Text;
using Larder.Cli;

namespace Larder.Tests.Cli;

/// <summary>One run of the command inside this process, with streams of its own.</summary>
internal sealed record CommandRun(int ExitCode, byte[] Output, string Error)
{
    public string Text => Encoding.UTF8.GetString(Output);

    public static async Task<CommandRun> OfAsync(
        string[] arguments,
        byte[]? input = null,
        Dictionary<string, string>? environment = null,
        bool terminal = false,
        CancellationToken cancellationToken = default)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter { NewLine = "\n" };
        var console = new Terminal(
            new MemoryStream(input ?? []),
            output,
            error,
            environment ?? [],
            inputIsTerminal: terminal,
            outputIsTerminal: terminal,
            errorIsTerminal: false);

        var exitCode = await CommandLine.RunAsync(arguments, console, cancellationToken);

        return new CommandRun(exitCode, output.ToArray(), error.ToString());
    }
}
