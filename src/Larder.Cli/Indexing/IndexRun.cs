using Larder.Cli.Output;
using Larder.Indexer;
using Larder.Indexer.Blocks;
using Larder.Node.Indexing;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Indexing;

/// <summary>One run of an index over blocks.</summary>
internal sealed class IndexRun(Terminal terminal, IndexRunRequest request)
{
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var settings = request.Directory.Settings;
        var source = OpenSource(settings, cancellationToken);
        await using (source.ConfigureAwait(false))
        {
            using var index = BlockIndexer.Open(request.Directory.ToOptions(answersViews: request.Listen is not null));
            if (request.IsLogged)
            {
                index.Log = text => terminal.Error.Write(text);
            }

            if (request.ReportsCache)
            {
                (index.Cache ?? throw CommandException.Usage("There is no cache to report on: --cache-size is 0, now or when the index was made.")).StartDebugging();
            }

            var progress = new IndexProgress(terminal, index, source, request.IsJson);
            var server = await ServeAsync(index, progress, cancellationToken).ConfigureAwait(false);
            try
            {
                // Indexing keeps a thread busy, which must not be the one that signals and answers wait for.
                await Task.Run(() => IndexAsync(index, source, progress, cancellationToken), CancellationToken.None).ConfigureAwait(false);
                progress.End();
                if (server is not null && source is not NodeBlockSource)
                {
                    await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(false);
                }

                return ExitCodes.Ok;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                progress.End();

                // Who follows a chain or serves can only be ended so.
                return server is not null || (source is NodeBlockSource && request.Follows) ? ExitCodes.Ok : throw new OperationCanceledException(cancellationToken);
            }
            catch (IndexerException)
            {
                progress.Fail();
                throw;
            }
            finally
            {
                if (server is not null)
                {
                    await server.DisposeAsync().ConfigureAwait(false);
                }
            }
        }
    }

    private IBlockSource OpenSource(IndexSettings settings, CancellationToken cancellationToken)
    {
        if (request.IsInput)
        {
            return new StreamBlockSource(terminal.Input, "standard input", settings.ToSourceOptions());
        }

        return (settings.Source ?? throw CommandException.Usage("Say where blocks come from: files, a directory, - for standard input, or --rpc URL."))
            .Open(settings.ToSourceOptions(), request.Password, cancellationToken);
    }

    private Task IndexAsync(BlockIndexer index, IBlockSource source, IndexProgress progress, CancellationToken cancellationToken)
    {
        if (source is NodeBlockSource node)
        {
            var options = new BlockFollowerOptions
            {
                StartHeight = request.StartHeight ?? 0,
                StopHeight = request.StopHeight,
                Follows = request.Follows,
                PollInterval = request.Poll,
                MaxDepth = request.MaxReorganisation,
            };
            return new BlockFollower(index, node, options, progress.Report).RunAsync(cancellationToken);
        }

        var import = new BlockImportOptions
        {
            Format = request.Directory.Settings.Format,
            StartHeight = request.StartHeight,
            StopHeight = request.StopHeight,
            IsLinked = request.IsLinked,
        };
        return new BlockImport(index, source, import, progress.Report).RunAsync(cancellationToken);
    }

    private async Task<IndexServer?> ServeAsync(BlockIndexer index, IndexProgress progress, CancellationToken cancellationToken)
    {
        if (request.Listen is not { } listen)
        {
            return null;
        }

        var name = Path.GetFileName(request.Directory.Path);
        var server = await IndexServer.StartAsync(
            listen,
            new IndexRpc(index),
            writer => IndexJson.Write(writer, name, index, progress.Source, progress.State),
            request.Tokens,
            new StandardErrorLogging(terminal, LogLevel.Error),
            cancellationToken).ConfigureAwait(false);
        if (request.IsJson)
        {
            progress.Say("listening", writer => writer.WriteString("address"u8, server.Address.ToString()));
        }
        else
        {
            terminal.Remark($"larder: answers JSON-RPC at {server.Address}");
        }

        return server;
    }
}
