using System.Collections.Immutable;
using System.Text.Json;
using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Cache.Memory;
using Larder.Handlers;
using Larder.Handlers.Contract;
using Larder.Node.Handlers;

namespace Larder.Cli.Handlers;

/// <summary>A runtime of handlers in this process, over a small cache directory of the command's own.</summary>
internal sealed class LocalHandlers : IAsyncDisposable
{
    private const long DiskBytes = 256L * 1024 * 1024;

    private readonly TieredCache _cache;
    private readonly HandlerRuntime _runtime;

    private LocalHandlers(TieredCache cache, HandlerRuntime runtime)
    {
        _cache = cache;
        _runtime = runtime;
    }

    /// <summary>Starts one.</summary>
    /// <param name="options">How the runtime works.</param>
    /// <param name="directory">Where compiled handlers are kept from one run to the next; null for nowhere.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandException">The engine cannot be had.</exception>
    public static async Task<LocalHandlers> StartAsync(
        HandlerRuntimeOptions options, string? directory, CancellationToken cancellationToken)
    {
        var cache = await OpenAsync(directory, cancellationToken).ConfigureAwait(false);
        try
        {
            return new LocalHandlers(
                cache, await HandlerRuntime.StartAsync(options, cache, cancellationToken: cancellationToken).ConfigureAwait(false));
        }
        catch (HandlersException e)
        {
            await cache.DisposeAsync().ConfigureAwait(false);
            throw new CommandException(
                e.Kind == HandlersErrorKind.Configuration ? ExitCodes.Usage : ExitCodes.Unreachable, e.Message, e);
        }
        catch
        {
            await cache.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Runs a handler, answers its suspensions as far as there are answers, and gives every result on the way.</summary>
    public async Task<List<JsonElement>> RunAsync(
        HandlerSource handler, JsonElement context, IReadOnlyList<ResumeResult> answers, CancellationToken cancellationToken)
    {
        HandlerContext read;
        try
        {
            read = HandlerJson.ReadContext(context);
        }
        catch (FormatException e)
        {
            throw CommandException.Usage(e.Message);
        }

        try
        {
            var results = new List<JsonElement>();
            var result = handler.Artifact is { } artifact
                ? await _runtime.ExecuteCompiledAsync(artifact, read, null, cancellationToken).ConfigureAwait(false)
                : await _runtime.ExecuteAsync(handler.Text!, read, null, cancellationToken).ConfigureAwait(false); // A source is one of the two.
            results.Add(ToJson(result));
            foreach (var answer in answers)
            {
                if (result.Suspension is not { } suspension)
                {
                    break;
                }

                result = await _runtime.ResumeAsync(suspension.Id, answer, cancellationToken).ConfigureAwait(false);
                results.Add(ToJson(result));
            }

            return results;
        }
        catch (HandlersException e)
        {
            throw Translate(e);
        }
    }

    /// <summary>Compiles a handler.</summary>
    /// <exception cref="HandlersException">It cannot be compiled.</exception>
    public ValueTask<PrecompiledHandler> CompileAsync(string source, CancellationToken cancellationToken) =>
        _runtime.PrecompileAsync(source, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _runtime.DisposeAsync().ConfigureAwait(false);
        await _cache.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>The exit code and sentence of what the runtime refuses.</summary>
    public static CommandException Translate(HandlersException e) => new(
        e.Kind is HandlersErrorKind.BadArtifact or HandlersErrorKind.HandlerRejected ? ExitCodes.Damaged : ExitCodes.Failure, e.Message, e);

    private static async Task<TieredCache> OpenAsync(string? directory, CancellationToken cancellationToken)
    {
        var options = new CacheOptions { Memory = new MemoryTierOptions(), Kinds = HandlerKinds.Complete(ImmutableSortedDictionary<string, KindOptions>.Empty) };
        if (directory is not null)
        {
            try
            {
                Directory.CreateDirectory(directory);
                return await TieredCache.OpenAsync(
                    options with { Disk = new DiskTierOptions { Directory = directory, CapacityBytes = DiskBytes } },
                    cancellationToken: cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is CacheException or IOException or UnauthorizedAccessException)
            {
                // Another command has the directory, or it cannot be written: everything works without it.
            }
        }

        return await TieredCache.OpenAsync(options, cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    private static JsonElement ToJson(HandlerResult result) =>
        JsonElement.Parse(HandlerCallJson.Write(writer => HandlerJson.Write(writer, result)).Span);
}
