using System.CommandLine;
using Larder.Cache.Fingerprints;
using Larder.Cli.Output;
using Larder.Indexer.State;
using Larder.Node.Indexing;

namespace Larder.Cli.Indexing;

/// <summary><c>larder index snapshot</c>: whole states as files that another machine can take.</summary>
internal static class IndexSnapshotCommand
{
    public static Command Create(Terminal terminal) =>
        new DocumentedCommand("snapshot", "Write the whole state to a file, or begin an index with one.")
        {
            Export(terminal),
            Import(terminal),
        };

    private static DocumentedCommand Export(Terminal terminal)
    {
        var command = new DocumentedCommand("export", "Write the state of the last block to a file; also while the index runs.")
        {
            Examples = [("larder index snapshot export state.snap --dir idx", "prints the digest that the importer can insist on")],
        };
        var file = new Argument<string>("file") { Description = "The file to write." };
        var directory = IndexDirectoryOption.Create();
        command.Arguments.Add(file);
        command.Options.Add(directory);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var opened = IndexDirectory.Open(parsed.GetRequiredValue(directory));
            using var store = IndexStore.OpenReadOnly(opened.StateDirectory, new IndexStoreOptions());
            var path = parsed.GetRequiredValue(file);
            var aside = LocalFiles.CreateAside(path);
            try
            {
                Fingerprint digest;
                await using (aside.ConfigureAwait(false))
                {
                    digest = await RunAsync(terminal, "writing", store.GetStatistics().Keys, progress => store.ExportSnapshot(aside, progress, cancellationToken), cancellationToken)
                        .ConfigureAwait(false);
                    await aside.FlushAsync(cancellationToken).ConfigureAwait(false);
                }

                File.Move(aside.Name, path, overwrite: true);
                terminal.Say($"{digest}  {path}");
                return ExitCodes.Ok;
            }
            catch
            {
                File.Delete(aside.Name);
                throw;
            }
        });
        return command;
    }

    private static DocumentedCommand Import(Terminal terminal)
    {
        var command = new DocumentedCommand("import", "Begin an index with a state from a file; every byte and the root are checked before it counts.")
        {
            Examples =
            [
                ("larder index snapshot import state.snap --module m.wasm --dir idx --digest 0f3a…", "then 'larder index run --dir idx BLOCKS' goes on from there"),
            ],
        };
        var file = new Argument<string>("file") { Description = "The file to read." };
        var directory = IndexDirectoryOption.Create();
        var module = new Option<string?>("--module") { Description = "The module that made the state. Needed where the directory is new.", HelpName = "FILE" };
        var digest = new Option<string?>("--digest") { Description = "The digest that the file must have.", HelpName = "DIGEST" };
        command.Arguments.Add(file);
        foreach (var option in (Option[])[directory, module, digest])
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            var expected = parsed.GetValue(digest) switch
            {
                null => (Fingerprint?)null,
                var text when Fingerprint.TryParse(text, out var value) => value,
                var text => throw CommandException.Usage($"'{text}' is no digest: it has 64 hexadecimal digits."),
            };
            var opened = IndexDirectory.Create(parsed.GetRequiredValue(directory), parsed.GetValue(module), static settings => settings);
            var options = opened.Settings.ToStoreOptions();
            using (var loaded = Indexer.Guests.IndexerModule.Load(opened.Module, opened.Settings.ToModuleOptions()))
            {
                options = options with { Recipe = loaded.Recipe };
            }

            var source = LocalFiles.OpenRead(parsed.GetRequiredValue(file));
            await using (source.ConfigureAwait(false))
            {
                var tip = await RunAsync(terminal, "reading", -1, progress => IndexStore.ImportSnapshot(
                    source, opened.StateDirectory, options, expected, progress, cancellationToken), cancellationToken).ConfigureAwait(false);
                terminal.Say($"The tip is block {tip.Height}, root {tip.Root}");
                return ExitCodes.Ok;
            }
        });
        return command;
    }

    private static Task<TResult> RunAsync<TResult>(
        Terminal terminal, string title, long total, Func<IProgress<StoreProgress>, TResult> run, CancellationToken cancellationToken) =>
        TransferProgress.EntriesAsync(terminal, title, total, progress => Task.Run(() => run(new KeyProgress(progress)), cancellationToken));

    private sealed class KeyProgress(IProgress<long> keys) : IProgress<StoreProgress>
    {
        public void Report(StoreProgress value) => keys.Report(value.Done);
    }
}
