using System.Buffers;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Http;

namespace Larder.Node.Protocols;

/// <summary>
/// Finds out whether everything that an action's result refers to is here. Giving out a result whose outputs are gone
/// breaks builds that do not download every output at once.
/// </summary>
internal static class ActionCheck
{
    // Most references that one result may have, trees included. More is taken for incomplete.
    private const int MaxReferences = 1_000_000;

    /// <summary>Whether the result can be given out.</summary>
    public static async ValueTask<bool> IsCompleteAsync(NodeRequest request, ArtifactContent result)
    {
        var references = new HashSet<Reference>();
        if (!TryRead(request, result, isTree: false, references))
        {
            return false;
        }

        foreach (var tree in references.Where(static reference => reference.Kind == ReferenceKind.Tree).ToArray())
        {
            var key = new ArtifactKey(BazelEndpoint.ContentKind, tree.Hash);
            using var artifact = await request.Services.Watch.GetAsync(request, key).ConfigureAwait(false);
            if (!artifact.IsHit
                || !TryRead(request, artifact.Content, isTree: true, references)
                || references.Count > MaxReferences)
            {
                return false;
            }
        }

        foreach (var reference in references)
        {
            if (reference.Kind == ReferenceKind.File && reference.Hash != Fingerprint.OfNothing)
            {
                var key = new ArtifactKey(BazelEndpoint.ContentKind, reference.Hash);
                if (!await request.Services.Store.ContainsAsync(key).ConfigureAwait(false))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool TryRead(NodeRequest request, ArtifactContent content, bool isTree, HashSet<Reference> references)
    {
        if (content.TryGetMemory(out var memory))
        {
            return TryRead(memory.Span, isTree, references);
        }

        if (content.Length > request.Services.Options.Limits.DocumentBytes)
        {
            return false;
        }

        var length = (int)content.Length;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            BlobResponse.ReadExactly(content, 0, buffer.AsSpan(0, length));
            return TryRead(buffer.AsSpan(0, length), isTree, references);
        }
        catch (Exception exception) when (exception is CacheException or IOException)
        {
            request.Services.Store.ReportRead(exception);
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool TryRead(ReadOnlySpan<byte> message, bool isTree, HashSet<Reference> references) => isTree
        ? ActionResultReader.TryReadTree(message, static (set, reference) => set.Add(reference), references)
        : ActionResultReader.TryRead(message, static (set, reference) => set.Add(reference), references);
}
