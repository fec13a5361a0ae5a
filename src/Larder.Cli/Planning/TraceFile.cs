using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using Larder.Cache.Sizing;

namespace Larder.Cli.Planning;

/// <summary>
/// Reads a log of requests. Text has one request a line: a key and perhaps its size in bytes, apart by a comma, a semicolon,
/// a tab or blanks; empty lines, lines that begin with <c>#</c> and a first line of titles are passed over. Anything else is
/// pairs of 32-bit little-endian numbers, key and size. Both may be packed with gzip.
/// </summary>
internal static class TraceFile
{
    private const int PairBytes = 8;
    private const int LookedAt = 4096;
    private static readonly char[] Separators = [',', ';', '\t', ' '];

    /// <summary>Reads the requests one after another. The stream stays the caller's.</summary>
    /// <exception cref="CommandException">A line or the end of the file is malformed; the message says where.</exception>
    public static async IAsyncEnumerable<TraceRequest> ReadAsync(
        Stream source, string name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffered = new BufferedStream(source, 128 * 1024);
        var head = await PeekAsync(buffered, cancellationToken).ConfigureAwait(false);
        Stream content = new PrefixedStream(head, buffered);
        if (head is [0x1f, 0x8b, ..])
        {
            var unzipped = new BufferedStream(new GZipStream(content, CompressionMode.Decompress), 128 * 1024);
            head = await PeekAsync(unzipped, cancellationToken).ConfigureAwait(false);
            content = new PrefixedStream(head, unzipped);
        }

        var requests = IsText(head) ? ReadText(content, name, cancellationToken) : ReadPairs(content, name, cancellationToken);
        await foreach (var request in requests.ConfigureAwait(false))
        {
            yield return request;
        }
    }

    private static bool IsText(ReadOnlySpan<byte> head) =>
        !head.ContainsAnyInRange((byte)0, (byte)8) && !head.ContainsAnyInRange((byte)14, (byte)31);

    private static async ValueTask<byte[]> PeekAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new byte[LookedAt];
        var count = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return head[..count];
    }

    private static async IAsyncEnumerable<TraceRequest> ReadText(
        Stream content, string name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var lines = new StreamReader(content, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: -1, leaveOpen: true);
        var isFirst = true;
        for (var number = 1; await lines.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line; number++)
        {
            var text = line.AsMemory().Trim();
            if (text.IsEmpty || text.Span[0] == '#')
            {
                continue;
            }

            var isUnderstood = TryParse(text.Span, out var request);
            if (!isUnderstood && !isFirst)
            {
                throw CommandException.Usage($"{name}, line {number}: '{Shorten(line)}' is not a key and a size in bytes.");
            }

            isFirst = false;
            if (isUnderstood)
            {
                yield return request;
            }
        }
    }

    private static bool TryParse(ReadOnlySpan<char> line, out TraceRequest request)
    {
        var end = line.IndexOfAny(Separators);
        var key = end < 0 ? line : line[..end];
        var rest = end < 0 ? default : line[end..].TrimStart(Separators);
        var stop = rest.IndexOfAny(Separators);
        rest = stop < 0 ? rest : rest[..stop];
        long bytes = 1;
        var isUnderstood = rest.IsEmpty || (long.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out bytes) && bytes >= 0);
        request = new TraceRequest(HashOf(key), bytes);
        return isUnderstood;
    }

    private static async IAsyncEnumerable<TraceRequest> ReadPairs(
        Stream content, string name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = new byte[8192 * PairBytes];
        while (true)
        {
            var count = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            if (count % PairBytes != 0)
            {
                throw CommandException.Usage(
                    $"{name} is neither text nor whole pairs of 32-bit numbers; write one request a line: a key and its size in bytes.");
            }

            for (var at = 0; at < count; at += PairBytes)
            {
                yield return new TraceRequest(
                    ReuseSampler.Mix(BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(at))),
                    BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(at + 4)));
            }

            if (count < buffer.Length)
            {
                yield break;
            }
        }
    }

    private static ulong HashOf(ReadOnlySpan<char> key)
    {
        var hash = 14695981039346656037UL;
        foreach (var letter in key)
        {
            hash = (hash ^ letter) * 1099511628211;
        }

        return ReuseSampler.Mix(hash);
    }

    private static string Shorten(string line) => line.Length <= 60 ? line : line[..57] + "...";
}
