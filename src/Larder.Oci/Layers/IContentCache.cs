namespace Larder.Oci.Layers;

/// <summary>A cache of large contents that others share, read in ranges and written in chunks.</summary>
/// <remarks>
/// Nothing that comes from it is believed. Trouble is an <see cref="IOException"/>, <see cref="HttpRequestException"/> or
/// <see cref="OciException"/>, and is passed over. All members are safe for use by many threads.
/// </remarks>
public interface IContentCache
{
    /// <summary>Copies bytes of a content.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="offset">Offset of the first byte.</param>
    /// <param name="destination">Where they go.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many bytes, less than were asked for only at the end; -1 when there is no such content.</returns>
    ValueTask<int> GetContentAsync(string key, long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Stores a content, so that it becomes visible as a whole or not at all.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="chunks">Its bytes from the first on; each chunk is valid until the next is asked for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask StoreContentAsync(
        string key, long length, IAsyncEnumerable<ReadOnlyMemory<byte>> chunks, CancellationToken cancellationToken);
}
