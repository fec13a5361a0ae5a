using System.Collections.Immutable;
using Larder.Node.Handlers;
using Larder.Node.Http;
using Larder.Node.Maintenance;
using Larder.Node.Security;
using Larder.Symbols;
using Larder.Symbols.Json;
using Larder.Symbols.Search;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Symbols;

/// <summary><c>/v1/symbols</c>: symbols of modules by name. docs/HTTP-symbols.md has the paths and answers.</summary>
internal sealed class SymbolEndpoint(SymbolService symbols) : IEndpoint
{
    public const string Path = "/v1/symbols";

    /// <summary>The namespace of rights.</summary>
    public const string Space = "symbols";

    // A client that waits for changes is to know that the node is there.
    private static readonly TimeSpan BeatInterval = TimeSpan.FromSeconds(15);

    /// <summary>Every path that is answered here.</summary>
    public static readonly IReadOnlyList<string> Paths = [Path, Path + "/"];

    public string Name => "symbols";

    public Task HandleAsync(NodeRequest request) => ApiAnswer.RunAsync(request, AnswerAsync);

    private async Task AnswerAsync(NodeRequest request)
    {
        // Searches take milliseconds, and loading takes seconds.
        await request.LeaveLoopAsync().ConfigureAwait(false);
        try
        {
            await (request.Path switch
            {
                Path => FindAsync(request),
                Path + "/show" => ShowAsync(request),
                Path + "/modules" => ModulesAsync(request),
                Path + "/stats" => StatisticsAsync(request),
                Path + "/changes" => ChangesAsync(request),
                Path + "/load" => LoadAsync(request),
                Path + "/unload" => UnloadAsync(request),
                Path + "/prefetch" => PrefetchAsync(request),
                Path + "/clear" => ClearAsync(request),
                _ => throw ApiException.NotFound("NOT_FOUND", $"There is no {request.Path}; docs/HTTP-symbols.md lists the paths."),
            }).ConfigureAwait(false);
        }
        catch (SymbolsException exception)
        {
            throw Translate(exception);
        }
    }

    private static ApiException Translate(SymbolsException exception) => exception.Kind switch
    {
        SymbolsErrorKind.Configuration => ApiException.BadRequest(exception.Message),
        SymbolsErrorKind.Unavailable => new ApiException(StatusCodes.Status422UnprocessableEntity, "FILE_NOT_FOUND", exception.Message),
        SymbolsErrorKind.LimitExceeded => new ApiException(StatusCodes.Status413PayloadTooLarge, "MODULE_TOO_LARGE", exception.Message),
        _ => new ApiException(StatusCodes.Status422UnprocessableEntity, "BAD_MODULE", exception.Message),
    };

    private static QueryText Read(NodeRequest request)
    {
        ApiAnswer.Allow(request, RequestMethod.Get | RequestMethod.Head);
        ApiAnswer.Authorize(request, Space, AccessRights.Read);
        return new QueryText(request);
    }

    private static void Understand(QueryText text)
    {
        if (!text.IsUnderstood())
        {
            throw ApiException.BadRequest(text.Problem!); // Not null: not understood.
        }
    }

    private Task FindAsync(NodeRequest request)
    {
        var text = Read(request);
        var query = new SymbolQuery
        {
            Pattern = text.Text("q") ?? string.Empty,
            Match = Words<SymbolMatch>(text, "match") is [var match] ? match : SymbolMatch.Any,
            Kinds = Words<SymbolKind>(text, "kind"),
            Forms = Words<SymbolForm>(text, "form"),
            Module = text.Text("module"),
            IncludesHidden = text.Switch("all"),
            IncludesForwards = text.Switch("forwards"),
            Limit = (int)text.Number("limit", 50, SymbolQuery.MaxLimit),
        };
        Understand(text);
        var result = symbols.Workspace.Find(query);
        return ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer => SymbolJson.Write(writer, result));
    }

    private async Task ShowAsync(NodeRequest request)
    {
        var text = Read(request);
        var name = text.Text("name");
        var module = text.Text("module");
        var all = text.Switch("all");
        Understand(text);
        if (name is not { Length: > 0 and <= 4096 })
        {
            throw ApiException.BadRequest("'name' is missing, or longer than 4096 characters: it must be the name or identifier of a symbol.");
        }

        var found = new List<SymbolData>();
        foreach (var key in symbols.Workspace.Resolve(name, module, all))
        {
            if (await symbols.Workspace.DescribeAsync(key, request.Http.RequestAborted).ConfigureAwait(false) is { } symbol)
            {
                found.Add(symbol);
            }
        }

        await ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer => SymbolJson.Write(writer, found)).ConfigureAwait(false);
    }

    private Task ModulesAsync(NodeRequest request)
    {
        Understand(Read(request));
        var modules = symbols.Workspace.Modules;
        return ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer => SymbolJson.Write(writer, modules));
    }

    private Task StatisticsAsync(NodeRequest request)
    {
        Understand(Read(request));
        var workspace = symbols.Workspace;
        return ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer => SymbolJson.Write(writer, workspace.Cache, workspace.Modules));
    }

    private async Task LoadAsync(NodeRequest request)
    {
        Write(request);
        var body = await ApiAnswer.ReadObjectAsync(request).ConfigureAwait(false);
        var report = await symbols.LoadAsync(
            JsonFields.Texts(body, "paths") ?? [], JsonFields.Truth(body, "framework") ?? false, request.Http.RequestAborted).ConfigureAwait(false);
        await ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer => SymbolJson.Write(writer, report)).ConfigureAwait(false);
    }

    private async Task UnloadAsync(NodeRequest request)
    {
        Write(request);
        var body = await ApiAnswer.ReadObjectAsync(request).ConfigureAwait(false);
        var path = JsonFields.RequiredText(body, "path");
        if (!symbols.Workspace.Unload(path))
        {
            throw ApiException.NotFound("MODULE_NOT_LOADED", $"'{path}' is not loaded.");
        }

        Answer.Empty(request, StatusCodes.Status204NoContent);
    }

    private async Task PrefetchAsync(NodeRequest request)
    {
        Write(request);
        var body = await ApiAnswer.ReadObjectAsync(request).ConfigureAwait(false);
        var path = JsonFields.RequiredText(body, "path");
        var module = symbols.Workspace.Modules.FirstOrDefault(module => module.Id.Path == path)
            ?? throw ApiException.NotFound("MODULE_NOT_LOADED", $"'{path}' is not loaded.");
        var made = await symbols.Workspace.PrefetchAsync(module.Id, request.Http.RequestAborted).ConfigureAwait(false);
        await ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("made"u8, made);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private Task ClearAsync(NodeRequest request)
    {
        Write(request);
        symbols.Workspace.Cache.Clear();
        Answer.Empty(request, StatusCodes.Status204NoContent);
        return Task.CompletedTask;
    }

    // One line of JSON for each change, an empty line now and then.
    private async Task ChangesAsync(NodeRequest request)
    {
        Understand(Read(request));
        using var listener = symbols.Listen();
        var response = request.Http.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/x-ndjson";
        response.Headers.CacheControl = "no-store";
        var aborted = request.Http.RequestAborted;
        try
        {
            await response.BodyWriter.WriteAsync("\n"u8.ToArray(), aborted).ConfigureAwait(false);
            while (true)
            {
                using var beat = CancellationTokenSource.CreateLinkedTokenSource(aborted);
                beat.CancelAfter(BeatInterval);
                byte[] line;
                try
                {
                    if (!await listener.Changes.WaitToReadAsync(beat.Token).ConfigureAwait(false))
                    {
                        return;
                    }

                    line = listener.Changes.TryRead(out var change)
                        ? [.. ApiAnswer.Write(writer => SymbolJson.Write(writer, change)).Span, (byte)'\n']
                        : [];
                }
                catch (OperationCanceledException) when (!aborted.IsCancellationRequested)
                {
                    line = "\n"u8.ToArray();
                }

                await response.BodyWriter.WriteAsync(line, aborted).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
            // The client left, or the node stops.
        }
    }

    private static void Write(NodeRequest request)
    {
        ApiAnswer.Allow(request, RequestMethod.Post);
        ApiAnswer.Authorize(request, Space, AccessRights.Write);
    }

    private static ImmutableArray<TWord> Words<TWord>(QueryText text, string name)
        where TWord : struct, Enum
    {
        if (text.Text(name) is not { Length: > 0 } given)
        {
            return [];
        }

        var words = ImmutableArray.CreateBuilder<TWord>();
        foreach (var part in given.Split(','))
        {
            words.Add(SymbolJson.TryParseWord<TWord>(part, out var word)
                ? word
                : throw ApiException.BadRequest(
                    $"'{name}' has '{part}'; it must be one of {string.Join(", ", Enum.GetValues<TWord>().Select(SymbolJson.Word))}."));
        }

        return words.DrainToImmutable();
    }
}
