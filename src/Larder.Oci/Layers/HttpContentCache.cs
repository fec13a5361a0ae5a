using System.Net;
using System.Net.Http.Headers;

namespace Larder.Oci.Layers;

/// <summary>A content cache on any server that takes GET with ranges and PUT; a content's path is its key.</summary>
/// <param name="client">Speaks to the server; its owner disposes it, and sets its time limits and credentials.</param>
/// <param name="address">The server, with the path that keys are put behind.</param>
public sealed class HttpContentCache(HttpClient client, Uri address) : IContentCache
{
    /// <inheritdoc/>
    public async ValueTask<int> GetContentAsync(
        string key, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (destination.IsEmpty)
        {
            return 0;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, UrlOf(key));
        request.Headers.Range = new RangeHeaderValue(offset, offset + destination.Length - 1);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        switch (response.StatusCode)
        {
            case HttpStatusCode.NotFound:
                return -1;
            case HttpStatusCode.RequestedRangeNotSatisfiable:
                return 0;
        }

        response.EnsureSuccessStatusCode();
        if (response.StatusCode != HttpStatusCode.PartialContent && offset != 0)
        {
            throw new HttpRequestException("The content cache does not answer ranges.");
        }

        var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            return await body.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancellationToken)
                .ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask StoreContentAsync(
        string key, long length, IAsyncEnumerable<ReadOnlyMemory<byte>> chunks, CancellationToken cancellationToken)
    {
        using var content = new ChunkContent(length, chunks);
        using var response = await client.PutAsync(UrlOf(key), content, cancellationToken).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
    }

    private Uri UrlOf(string key) => new($"{address.AbsoluteUri.TrimEnd('/')}/{Uri.EscapeDataString(key)}");

    private sealed class ChunkContent(long length, IAsyncEnumerable<ReadOnlyMemory<byte>> chunks) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await foreach (var chunk in chunks.ConfigureAwait(false))
            {
                await stream.WriteAsync(chunk).ConfigureAwait(false);
            }
        }

        protected override bool TryComputeLength(out long value)
        {
            value = length;
            return true;
        }
    }
}
