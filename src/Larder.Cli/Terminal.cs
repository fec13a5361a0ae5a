using System.Globalization;
using System.Text;
using Larder.Node.Configuration;
using Spectre.Console;

namespace Larder.Cli;

/// <summary>
/// The standard streams of one run of the command, what they are connected to, and the environment. Tests give it
/// streams of their own.
/// </summary>
internal sealed class Terminal
{
    // Wide enough that no table wraps when a program reads it.
    private const int UnlimitedWidth = 4096;

    private readonly Lazy<IAnsiConsole> _console;
    private readonly Lazy<IAnsiConsole> _errorConsole;

    public Terminal(
        Stream input,
        Stream output,
        TextWriter error,
        IReadOnlyDictionary<string, string> environment,
        bool inputIsTerminal = false,
        bool outputIsTerminal = false,
        bool errorIsTerminal = false)
    {
        Input = input;
        Output = output;
        Out = new StreamWriter(output, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 16 * 1024, leaveOpen: true)
        {
            NewLine = "\n",
        };
        Error = error;
        InputIsTerminal = inputIsTerminal;
        OutputIsTerminal = outputIsTerminal;
        ErrorIsTerminal = errorIsTerminal;
        Environment = environment;
        _console = new Lazy<IAnsiConsole>(() => CreateConsole(Out, OutputIsTerminal));
        _errorConsole = new Lazy<IAnsiConsole>(() => CreateConsole(Error, ErrorIsTerminal));
    }

    /// <summary>Standard input, as bytes.</summary>
    public Stream Input { get; }

    /// <summary>Standard output, as bytes. Flush <see cref="Out"/> before writing here.</summary>
    public Stream Output { get; }

    /// <summary>Standard output, as text. Flushed when the command ends.</summary>
    public TextWriter Out { get; }

    /// <summary>Standard error, as text.</summary>
    public TextWriter Error { get; }

    /// <summary>The environment variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    public bool InputIsTerminal { get; }

    public bool OutputIsTerminal { get; }

    public bool ErrorIsTerminal { get; }

    /// <summary>Tables and live views on standard output; plain text when that is not a terminal.</summary>
    public IAnsiConsole Console => _console.Value;

    /// <summary>Progress on standard error.</summary>
    public IAnsiConsole ErrorConsole => _errorConsole.Value;

    /// <summary>Set by <c>--no-color</c> before either console is used.</summary>
    public bool ColourIsOff { get; set; }

    public static Terminal OfProcess() => new(
        System.Console.OpenStandardInput(),
        System.Console.OpenStandardOutput(),
        System.Console.Error,
        ConfigurationSources.ProcessEnvironment(),
        !System.Console.IsInputRedirected,
        !System.Console.IsOutputRedirected,
        !System.Console.IsErrorRedirected);

    /// <summary>The value of an environment variable; null when it is not set or empty.</summary>
    public string? Variable(string name) => Environment.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    /// <summary>Writes one line to standard output.</summary>
    public void Say(string line = "") => Out.WriteLine(line);

    /// <summary>Writes a line that is not part of the output to standard error.</summary>
    public void Remark(string line)
    {
        Out.Flush();
        Error.WriteLine(line);
    }

    /// <summary>Writes one sentence to standard error.</summary>
    public void Warn(string sentence)
    {
        Out.Flush();
        Error.WriteLine($"larder: {sentence}");
        Error.Flush();
    }

    private IAnsiConsole CreateConsole(TextWriter writer, bool isTerminal)
    {
        var colour = isTerminal && !ColourIsOff && Variable("NO_COLOR") is null && Variable("TERM") != "dumb";
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isTerminal && Variable("TERM") != "dumb" ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        if (!isTerminal)
        {
            console.Profile.Width = UnlimitedWidth;
        }
        else if (int.TryParse(Variable("COLUMNS"), CultureInfo.InvariantCulture, out var columns) && columns > 0)
        {
            console.Profile.Width = columns;
        }

        console.Profile.Capabilities.Unicode = true;
        return console;
    }
}
