namespace Larder.Oci.Registry;

/// <summary>Reads short bodies, and no long ones.</summary>
internal static class BoundedBody
{
    private const int FirstBytes = 16 * 1024;

    /// <summary>The whole body; null when it is longer than the limit.</summary>
    /// <exception cref="OciException">It broke off.</exception>
    public static async ValueTask<byte[]?> ReadAsync(HttpContent content, int limit, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > limit)
        {
            return null;
        }

        try
        {
            var body = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                var buffer = new byte[Math.Min(limit + 1, (int)(content.Headers.ContentLength ?? FirstBytes) + 1)];
                var length = 0;
                while (await body.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false) is > 0 and var read)
                {
                    length += read;
                    if (length > limit)
                    {
                        return null;
                    }

                    if (length == buffer.Length)
                    {
                        Array.Resize(ref buffer, Math.Min(limit + 1, buffer.Length * 2));
                    }
                }

                return buffer[..length];
            }
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw new OciException(OciErrorKind.Unavailable, $"An answer broke off: {exception.Message}", exception) { IsTransient = true };
        }
    }
}
