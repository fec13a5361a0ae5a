using System.Buffers;

namespace Larder.Node.Http;

/// <summary>Reads bodies that must be at hand whole before anything can be done with them.</summary>
internal static class Document
{
    /// <summary>Returns the body, or null as soon as it is longer than <paramref name="limit"/> bytes.</summary>
    public static async ValueTask<byte[]?> ReadAsync(NodeRequest request, int limit)
    {
        var body = request.Http.Request.BodyReader;
        while (true)
        {
            var read = await BlobUpload.ReadAsync(body).ConfigureAwait(false);
            if (read.Buffer.Length > limit)
            {
                body.AdvanceTo(read.Buffer.End);
                return null;
            }

            if (read.IsCompleted)
            {
                var bytes = read.Buffer.ToArray();
                body.AdvanceTo(read.Buffer.End);
                request.Services.Metrics.CountReceived(bytes.Length);
                return bytes;
            }

            // Looked at, not taken: the next read returns these bytes again with more behind them.
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
