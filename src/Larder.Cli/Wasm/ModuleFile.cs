using System.Security.Cryptography;
using Larder.Wasm;

namespace Larder.Cli.Wasm;

/// <summary>A file that the command line names as a WebAssembly module.</summary>
internal sealed record ModuleFile(string Path, byte[] Bytes)
{
    // No module of the engine's limits is as long as this.
    private const long MostBytes = 1L << 30;

    /// <summary>SHA-256 in lower-case hex.</summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData(Bytes));

    /// <exception cref="CommandException">It cannot be read, or cannot be a module for its length.</exception>
    public static async Task<ModuleFile> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var file = LocalFiles.OpenRead(path);
        await using (file.ConfigureAwait(false))
        {
            if (file.Length > MostBytes)
            {
                throw CommandException.Usage($"'{path}' has {file.Length} bytes; a module has at most {MostBytes}.");
            }

            var bytes = new byte[file.Length];
            await file.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
            return new ModuleFile(path, bytes);
        }
    }

    /// <summary>Does something with the module and says which file it was when that fails.</summary>
    /// <exception cref="CommandException">It failed.</exception>
    public TResult With<TResult>(Func<TResult> act)
    {
        try
        {
            return act();
        }
        catch (WasmException exception)
        {
            throw Describe(exception);
        }
    }

    /// <summary>The failure with its file and its exit code.</summary>
    public CommandException Describe(WasmException exception)
    {
        var message = exception.Message.TrimEnd('.');
        return exception.Kind switch
        {
            WasmErrorKind.Malformed => new(ExitCodes.Damaged, $"'{Path}' is not a WebAssembly module: {message}.", exception),
            WasmErrorKind.Invalid => new(ExitCodes.Damaged, $"'{Path}' is not valid: {message}.", exception),
            WasmErrorKind.BadArtifact => new(ExitCodes.Damaged, $"'{Path}': {message}; compile it again.", exception),
            WasmErrorKind.Uninstantiable when exception.Trap is not null =>
                new(ExitCodes.Trapped, $"'{Path}' trapped at its start: {exception.Trap.Message}.", exception),
            _ => new(ExitCodes.Failure, $"'{Path}': {message}.", exception),
        };
    }
}
