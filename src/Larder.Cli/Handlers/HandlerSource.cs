using System.Text;

namespace Larder.Cli.Handlers;

/// <summary>A handler that the command line names: its source, or what it was compiled to.</summary>
/// <param name="Path">The file, as it was written.</param>
/// <param name="Text">The source; null when it is compiled.</param>
/// <param name="Artifact">The compiled form; null when it is not.</param>
internal sealed record HandlerSource(string Path, string? Text, ReadOnlyMemory<byte>? Artifact)
{
    /// <summary>What files of compiled handlers are called.</summary>
    public const string CompiledExtension = ".qjsc";

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file; <c>-</c> is standard input.</summary>
    /// <exception cref="CommandException">It cannot be read, or is no text.</exception>
    public static async Task<HandlerSource> ReadAsync(Terminal terminal, string path, CancellationToken cancellationToken)
    {
        var bytes = await HandlerCallJson.BytesAsync(terminal, path, cancellationToken).ConfigureAwait(false);
        if (path.EndsWith(CompiledExtension, StringComparison.OrdinalIgnoreCase))
        {
            return new HandlerSource(path, null, bytes);
        }

        try
        {
            return new HandlerSource(path, Strict.GetString(bytes).TrimStart('\uFEFF'), null);
        }
        catch (DecoderFallbackException)
        {
            throw CommandException.Usage($"'{path}' is not UTF-8 text; a compiled handler ends with {CompiledExtension}.");
        }
    }
}
