using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Larder.Indexer.Blocks;

/// <summary>
/// Blocks from a stream that is read once, such as standard input: hex with a block a line, or raw with each block after its length
/// as 4 bytes, little endian.
/// </summary>
public sealed class StreamBlockSource : IBlockSource
{
    // Holds nothing but a buffer; the stream below is closed by whose it is.
#pragma warning disable CA2213
    private readonly InterruptibleStream _stream;
#pragma warning restore CA2213
    private readonly BlockSourceOptions _options;

    /// <summary>A source over a stream.</summary>
    /// <param name="stream">The stream. Stays the caller's.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="options">How to read it.</param>
    /// <exception cref="IndexerException">An option is wrong.</exception>
    public StreamBlockSource(Stream stream, string name, BlockSourceOptions options)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _stream = new InterruptibleStream(stream);
        _options = options;
        Description = name;
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public long? Count => null;

    /// <inheritdoc/>
    public IAsyncEnumerable<SourceBlock> ReadAsync(uint? from, CancellationToken cancellationToken = default) =>
        _options.Encoding == BlockEncoding.Raw
            ? ReadFramesAsync(cancellationToken)
            : new HexLines(_stream, Description, _options).ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async IAsyncEnumerable<SourceBlock> ReadFramesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var frame = new byte[sizeof(uint)];
        for (var number = 1; ; number++)
        {
            var origin = $"{Description}, block {number}";
            var count = await ReadAsync(frame, cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                yield break;
            }

            var length = BinaryPrimitives.ReadUInt32LittleEndian(frame);
            if (count < frame.Length)
            {
                throw new IndexerException(IndexerErrorKind.BadBlock, $"{origin}: the stream ends within the length of the block.");
            }

            if (length > _options.MaxBlockBytes)
            {
                throw _options.TooLong(origin, length);
            }

            yield return new SourceBlock { Bytes = await ReadBlockAsync((int)length, origin, cancellationToken).ConfigureAwait(false), Origin = origin };
        }
    }

    // Memory grows with what comes, not with what was claimed.
    private async Task<byte[]> ReadBlockAsync(int length, string origin, CancellationToken cancellationToken)
    {
        const int Step = 1024 * 1024;
        var bytes = new byte[Math.Min(length, Step)];
        var filled = 0;
        while (true)
        {
            var count = await ReadAsync(bytes.AsMemory(filled), cancellationToken).ConfigureAwait(false);
            filled += count;
            if (filled < bytes.Length)
            {
                throw new IndexerException(IndexerErrorKind.BadBlock, $"{origin}: the stream ends after {filled} of {length} bytes of the block.");
            }

            if (filled == length)
            {
                return bytes;
            }

            Array.Resize(ref bytes, Math.Min(length, 2 * bytes.Length));
        }
    }

    private async Task<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await _stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"{Description} cannot be read: {e.Message}", e);
        }
    }
}
