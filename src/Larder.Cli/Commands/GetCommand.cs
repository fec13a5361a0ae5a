using System.Buffers;
using System.CommandLine;
using System.Security.Cryptography;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cli.Output;
using Larder.Cli.Stores;

namespace Larder.Cli.Commands;

/// <summary><c>larder get</c>: writes one artifact to a file or to standard output, checked against its digest.</summary>
internal static class GetCommand
{
    private const int BufferBytes = 128 * 1024;

    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("get", "Write an artifact to a file or to standard output, checked against its digest.")
        {
            Examples =
            [
                ("larder get handler/6e34...c1 > handler.qjsc", "by kind and fingerprint, to standard output"),
                ("larder get --kind bazel-cas 6e34...c1 --output tool.o", "to a file, which appears only when it is whole"),
                ("larder get --kind handler --component source:file=app.js --component compiler=2.1", "by the recipe it was made from"),
                ("larder get handler/6e34...c1 --data ~/.cache/larder", "out of a cache directory, without a node"),
            ],
        };
        var name = new Argument<string?>("artifact")
        {
            Description = "KIND/FINGERPRINT, or a fingerprint with --kind.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        command.Arguments.Add(name);
        var names = NameOptions.AddTo(command, terminal);
        var output = new Option<string?>("--output", "-o")
        {
            Description = "The file to write; it appears only when it is whole. Default: standard output.",
            HelpName = "FILE",
        };
        command.Options.Add(output);
        var target = TargetOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var json = target.Json(parsed);
            var key = await names.KeyAsync(parsed, parsed.GetValue(name), cancellationToken).ConfigureAwait(false)
                ?? throw CommandException.Usage("Name the artifact: KIND/FINGERPRINT, or its recipe; see 'larder get --help'.");
            var file = parsed.GetValue(output);
            if (json && file is null)
            {
                throw CommandException.Usage("--json describes the artifact on standard output, so its bytes need --output FILE.");
            }

            var store = await target.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            await using (store.ConfigureAwait(false))
            {
                return await RunAsync(terminal, store, key, file, json, cancellationToken).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal, IArtifactStore store, ArtifactKey key, string? file, bool json, CancellationToken cancellationToken)
    {
        var download = await store.OpenAsync(key, cancellationToken).ConfigureAwait(false)
            ?? throw CommandException.NotFound($"{key} is not in {store.Description}; 'larder ls' lists what is.");
        await using (download.ConfigureAwait(false))
        {
            if (file is null)
            {
                await CopyToOutputAsync(terminal, download, key, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await CopyToFileAsync(terminal, download, key, file, cancellationToken).ConfigureAwait(false);
            }

            if (json)
            {
                CliJson.Write(terminal, ArtifactReport.Of(key, download.Metadata, download.Source), CliJson.Default.ArtifactReport);
            }

            return ExitCodes.Ok;
        }
    }

    private static async Task CopyToOutputAsync(
        Terminal terminal, ArtifactDownload download, ArtifactKey key, CancellationToken cancellationToken)
    {
        if (!terminal.OutputIsTerminal)
        {
            await CopyAsync(terminal, download, key, terminal.Output, cancellationToken).ConfigureAwait(false);
            return;
        }

        // A terminal gets text only, and only a little of it; everything else would wreck the screen.
        const int MaxShownBytes = 64 * 1024;
        if (download.Metadata.Length > MaxShownBytes)
        {
            throw CommandException.Usage($"{key} is {Format.Bytes(download.Metadata.Length)} long; send it to a file with --output FILE.");
        }

        using var text = new MemoryStream();
        await CopyAsync(terminal, download, key, text, cancellationToken).ConfigureAwait(false);
        if (text.GetBuffer().AsSpan(0, (int)text.Length).ContainsAnyInRange((byte)0, (byte)8))
        {
            throw CommandException.Usage($"{key} is not text; send it to a file with --output FILE.");
        }

        text.Position = 0;
        await text.CopyToAsync(terminal.Output, cancellationToken).ConfigureAwait(false);
    }

    private static async Task CopyToFileAsync(
        Terminal terminal, ArtifactDownload download, ArtifactKey key, string path, CancellationToken cancellationToken)
    {
        var aside = LocalFiles.CreateAside(path);
        try
        {
            await using (aside.ConfigureAwait(false))
            {
                await CopyAsync(terminal, download, key, aside, cancellationToken).ConfigureAwait(false);
            }

            File.Move(aside.Name, path, overwrite: true);
        }
        finally
        {
            File.Delete(aside.Name);
        }
    }

    private static Task<bool> CopyAsync(
        Terminal terminal, ArtifactDownload download, ArtifactKey key, Stream target, CancellationToken cancellationToken) =>
        TransferProgress.BytesAsync(terminal, key.Kind.Name, download.Metadata.Length, async progress =>
        {
            using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
            try
            {
                long copied = 0;
                int read;
                while ((read = await download.Content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
                {
                    digest.AppendData(buffer, 0, read);
                    await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                    copied += read;
                    progress.Report(copied);
                }

                await target.FlushAsync(cancellationToken).ConfigureAwait(false);
                Check(key, download.Metadata, copied, Fingerprint.FromHash(digest));
                return true;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        });

    private static void Check(ArtifactKey key, ArtifactMetadata metadata, long length, Fingerprint digest)
    {
        if (length != metadata.Length)
        {
            throw new CommandException(
                ExitCodes.Damaged, $"{key} ended after {length} of {metadata.Length} bytes; what was written is not whole. Try again.");
        }

        if (!metadata.Digest.IsDefault && metadata.Digest != digest)
        {
            throw new CommandException(
                ExitCodes.Damaged, $"{key} has the digest {digest} and should have {metadata.Digest}; do not use what was written.");
        }
    }
}
