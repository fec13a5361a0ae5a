using System.Net.Http.Headers;
using Larder.Cache.Artifacts;

namespace Larder.Oci.Registry;

/// <summary>What is asked of a registry, wherever it is sent.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Kind"><c>manifests</c> or <c>blobs</c>.</param>
/// <param name="Target">Tag or digest.</param>
internal sealed record RegistryRequest(string Repository, string Kind, string Target)
{
    public HttpMethod Method { get; init; } = HttpMethod.Get;

    /// <summary>Bytes that are asked for; null for the whole.</summary>
    public ByteRange? Range { get; init; }

    /// <summary>Media types that are understood.</summary>
    public IReadOnlyList<string> Accept { get; init; } = [];

    public HttpRequestMessage ToMessage(Uri url)
    {
        var message = new HttpRequestMessage(Method, url);
        message.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        foreach (var type in Accept)
        {
            message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
        }

        if (Range is { Length: > 0 } range)
        {
            message.Headers.Range = new RangeHeaderValue(range.Offset, range.End - 1);
        }

        return message;
    }
}
