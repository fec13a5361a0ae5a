using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Larder.Cli;

/// <summary>The usual help, followed by the command's examples.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private readonly HelpAction _help;

    public HelpWithExamples(HelpAction help) => _help = help;

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var exitCode = _help.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        switch (parseResult.CommandResult.Command)
        {
            case DocumentedCommand { Examples.Count: > 0 } command:
                output.WriteLine("Examples:");
                foreach (var (line, meaning) in command.Examples)
                {
                    output.WriteLine($"  # {meaning}");
                    output.WriteLine($"  {line}");
                }

                output.WriteLine();
                break;
            case RootCommand:
                output.WriteLine("Begin with 'larder serve'; 'larder COMMAND --help' has examples. Exit codes: docs/CLI.md.");
                output.WriteLine();
                break;
        }

        return exitCode;
    }
}
