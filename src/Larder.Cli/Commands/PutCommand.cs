using System.CommandLine;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cli.Output;
using Larder.Cli.Stores;

namespace Larder.Cli.Commands;

/// <summary><c>larder put</c>: stores a file or standard input.</summary>
internal static class PutCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("put", "Store a file, or standard input, and print the name it is stored under.")
        {
            Examples =
            [
                ("larder put --kind note README.md", "under the digest of its bytes"),
                ("larder put --kind handler app.qjsc --component source:file=app.js --component compiler=2.1", "under its recipe"),
                ("larder put app.qjsc --as handler/6e34...c1", "under a fingerprint that you know"),
                ("tar c src | larder put --kind backup -", "from standard input"),
            ],
        };
        var file = new Argument<string>("file") { Description = "The file to store; '-' is standard input." };
        command.Arguments.Add(file);
        var name = new Option<string?>("--as")
        {
            Description = "The name to store it under: KIND/FINGERPRINT, or a fingerprint with --kind. Default: the recipe's, "
                + "or the digest of the bytes.",
            HelpName = "NAME",
        };
        command.Options.Add(name);
        var names = NameOptions.AddTo(command, terminal);
        var owner = new Option<string?>("--owner")
        {
            Description = "Who it belongs to; 'larder purge --owner' removes everything of one owner.",
            HelpName = "OWNER",
        };
        command.Options.Add(owner);
        var target = TargetOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var json = target.Json(parsed);
            var key = await names.KeyAsync(parsed, parsed.GetValue(name), cancellationToken).ConfigureAwait(false);
            var kind = key?.Kind ?? names.Kind(parsed)
                ?? throw CommandException.Usage("Say what it is: add --kind KIND, or --as KIND/FINGERPRINT.");
            var recipe = await names.RecipeAsync(parsed, cancellationToken).ConfigureAwait(false);
            var content = await OpenAsync(terminal, parsed.GetRequiredValue(file), cancellationToken).ConfigureAwait(false);
            await using (content.ConfigureAwait(false))
            {
                var digest = await Fingerprint.OfContentAsync(content, cancellationToken).ConfigureAwait(false);
                content.Position = 0;
                var metadata = new ArtifactMetadata
                {
                    Length = content.Length,
                    Digest = digest,
                    Owner = parsed.GetValue(owner),
                    Recipe = recipe?.Encoded ?? default,
                };
                var upload = new ArtifactUpload(key ?? new ArtifactKey(kind, digest), content, metadata);
                var store = await target.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
                await using (store.ConfigureAwait(false))
                {
                    return await RunAsync(terminal, store, upload, json, cancellationToken).ConfigureAwait(false);
                }
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal, IArtifactStore store, ArtifactUpload upload, bool json, CancellationToken cancellationToken)
    {
        var outcome = await TransferProgress.BytesAsync(terminal, upload.Key.Kind.Name, upload.Metadata.Length, progress =>
        {
            var reported = upload with { Content = new ReportingStream(upload.Content, progress) };
            return store.PutAsync(reported, cancellationToken);
        }).ConfigureAwait(false);
        if (json)
        {
            var report = ArtifactReport.Of(upload.Key, upload.Metadata, TierKind.None) with { Outcome = Words.Of(outcome) };
            CliJson.Write(terminal, report, CliJson.Default.ArtifactReport);
        }
        else if (outcome is PutOutcome.Stored or PutOutcome.AlreadyPresent)
        {
            terminal.Say(upload.Key.ToString());
        }

        if (outcome is PutOutcome.Stored or PutOutcome.AlreadyPresent)
        {
            return ExitCodes.Ok;
        }

        terminal.Warn($"{upload.Key} was not stored in {store.Description}: {Words.Why(outcome)}.");
        return ExitCodes.Failure;
    }

    // The digest is needed before the first byte is sent, so standard input goes through a file that nobody sees.
    private static async Task<FileStream> OpenAsync(Terminal terminal, string path, CancellationToken cancellationToken)
    {
        if (path != "-")
        {
            return LocalFiles.OpenRead(path);
        }

        if (terminal.InputIsTerminal)
        {
            throw CommandException.Usage("Standard input is a terminal; pipe the bytes in, or name a file.");
        }

        var spool = new FileStream(
            Path.Combine(Path.GetTempPath(), $"larder-put-{Guid.NewGuid():N}"),
            FileMode.CreateNew,
            FileAccess.ReadWrite,
            FileShare.None,
            bufferSize: 128 * 1024,
            FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        try
        {
            await terminal.Input.CopyToAsync(spool, cancellationToken).ConfigureAwait(false);
            spool.Position = 0;
            return spool;
        }
        catch
        {
            await spool.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
