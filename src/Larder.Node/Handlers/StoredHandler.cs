using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Handlers;
using Larder.Node.Http;

namespace Larder.Node.Handlers;

/// <summary>A handler that was compiled before, by the key that compiling it gave.</summary>
internal static class StoredHandler
{
    /// <summary>Its compiled form, from a lower tier of the cache.</summary>
    /// <exception cref="ApiException">The key is malformed, or no tier has it.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(NodeRequest request, string key)
    {
        if (!Fingerprint.TryParse(key, out var fingerprint))
        {
            throw ApiException.BadRequest("'key' must be the one that /v1/handlers/compile gave.");
        }

        try
        {
            using var lease = await request.Services.Store.Cache.GetAsync(
                new ArtifactKey(HandlerKinds.Handler, fingerprint), request.Http.RequestAborted).ConfigureAwait(false);
            if (lease.IsHit)
            {
                return Read(lease.Content);
            }
        }
        catch (CacheException)
        {
            // A medium that fails is a miss, as everywhere.
        }

        throw ApiException.NotFound("HANDLER_NOT_FOUND", "No tier has a handler of this key any more; send its source.");
    }

    private static byte[] Read(ArtifactContent content)
    {
        var bytes = new byte[content.Length];
        for (var at = 0; at < bytes.Length;)
        {
            var read = content.Read(at, bytes.AsSpan(at));
            at += read > 0 ? read : throw ApiException.NotFound("HANDLER_NOT_FOUND", "The stored handler ends too early; send its source.");
        }

        return bytes;
    }
}
