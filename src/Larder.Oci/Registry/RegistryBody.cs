using System.Net;
using Larder.Cache.Artifacts;
using Larder.Oci.Manifests;

namespace Larder.Oci.Registry;

/// <summary>The body of one answer, from the first byte that is wanted.</summary>
internal sealed class RegistryBody : IAsyncDisposable, IDisposable
{
    private readonly RegistryAnswer _answer;
    private long _skip;

    private RegistryBody(RegistryAnswer answer, Stream stream, long skip)
    {
        _answer = answer;
        _skip = skip;
        Stream = stream;
    }

    /// <summary>The bytes as they come.</summary>
    public Stream Stream { get; }

    /// <summary>Which server it comes from.</summary>
    public RegistryEndpoint Endpoint => _answer.Endpoint;

    /// <summary>Checks that an answer holds what was asked for, and takes it over.</summary>
    /// <exception cref="OciException">It holds something else. The answer is still the caller's.</exception>
    public static async ValueTask<RegistryBody> OpenAsync(
        RegistryAnswer answer, Descriptor blob, ByteRange range, CancellationToken cancellationToken)
    {
        var skip = answer.Message.StatusCode switch
        {
            HttpStatusCode.PartialContent => CheckPart(answer, blob, range),
            HttpStatusCode.OK => CheckWhole(answer, blob, range),
            var status => throw Unusable(answer, blob, $"it answers {(int)status}"),
        };
        return new RegistryBody(answer, await answer.Message.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), skip);
    }

    /// <summary>
    /// Bytes to pass over first, because the server did not begin where it was asked to. Whoever asks has to do it: the
    /// next answer is 0.
    /// </summary>
    public long TakeSkip()
    {
        var skip = _skip;
        _skip = 0;
        return skip;
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync().ConfigureAwait(false);
        _answer.Dispose();
    }

    public void Dispose()
    {
        Stream.Dispose();
        _answer.Dispose();
    }

    private static long CheckPart(RegistryAnswer answer, Descriptor blob, ByteRange range)
    {
        if (answer.Message.Content.Headers.ContentRange is not { HasRange: true } part
            || part.From != range.Offset || part.To >= range.End || part.To < part.From)
        {
            throw Unusable(answer, blob, "it sends another part than was asked for");
        }

        return part.HasLength && part.Length != blob.Size
            ? throw WrongSize(answer, blob, part.Length!.Value) // HasLength: set.
            : 0;
    }

    // A server that does not know ranges sends everything.
    private static long CheckWhole(RegistryAnswer answer, Descriptor blob, ByteRange range) =>
        answer.Message.Content.Headers.ContentLength is { } length && length != blob.Size
            ? throw WrongSize(answer, blob, length)
            : range.Offset;

    private static OciException WrongSize(RegistryAnswer answer, Descriptor blob, long length) =>
        new(OciErrorKind.DigestMismatch, $"{answer.Endpoint} has {length} bytes for {blob.Digest}, but the manifest says {blob.Size}.");

    private static OciException Unusable(RegistryAnswer answer, Descriptor blob, string problem) =>
        new(OciErrorKind.Protocol, $"{answer.Endpoint} cannot be read for {blob.Digest}: {problem}.");
}
