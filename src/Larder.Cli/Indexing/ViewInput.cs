using System.CommandLine;
using System.Text.Json;
using Larder.Cli.Handlers;

namespace Larder.Cli.Indexing;

/// <summary>What a view is given and how its result is printed.</summary>
internal sealed class ViewInput
{
    private readonly Argument<string?> _hex = new("input") { Description = "The request in hex, with 0x before it or not. Default: nothing.", Arity = ArgumentArity.ZeroOrOne };

    private readonly Option<string?> _file = new("--input", "-i") { Description = "A file with the request's bytes; - for standard input.", HelpName = "FILE" };

    private readonly Option<bool> _raw = new("--raw") { Description = "Print the result's bytes in place of hex." };

    private readonly Option<bool> _json = IndexDirectoryOption.Json();

    public ViewInput(Command command, params ReadOnlySpan<Argument> before)
    {
        foreach (var argument in before)
        {
            command.Arguments.Add(argument);
        }

        command.Arguments.Add(_hex);
        command.Options.Add(_file);
        command.Options.Add(_raw);
        command.Options.Add(_json);
    }

    /// <summary>The request.</summary>
    /// <exception cref="CommandException">It is not hex, or given twice.</exception>
    public async Task<byte[]> ReadAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var (hex, file) = (parsed.GetValue(_hex), parsed.GetValue(_file));
        if (file is not null)
        {
            return hex is null
                ? await HandlerCallJson.BytesAsync(terminal, file, cancellationToken).ConfigureAwait(false)
                : throw CommandException.Usage("The request is given in hex or by --input, not both.");
        }

        return hex is null ? [] : FromHex(hex, "the request");
    }

    public static byte[] FromHex(string text, string what)
    {
        try
        {
            return Convert.FromHexString(text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text.AsSpan(2) : text);
        }
        catch (FormatException)
        {
            throw CommandException.Usage($"'{(text.Length <= 40 ? text : text[..40] + "…")}' is no hex for {what}: write an even number of hex digits.");
        }
    }

    /// <summary>Prints a result.</summary>
    public void Write(Terminal terminal, ParseResult parsed, byte[] result)
    {
        if (parsed.GetValue(_raw))
        {
            terminal.Output.Write(result);
            terminal.Output.Flush();
        }
        else if (parsed.GetValue(_json))
        {
            terminal.Say(JsonSerializer.Serialize("0x" + Convert.ToHexStringLower(result), CliJson.Default.String));
        }
        else
        {
            terminal.Say("0x" + Convert.ToHexStringLower(result));
        }
    }
}
