using Larder.Oci.References;
using Larder.Oci.Registry;

namespace Larder.Oci.Sources;

/// <summary>A question to a registry, what a tag stands for now, that is asked before anybody needs the answer.</summary>
internal sealed class TagInquiry
{
    private readonly string _reference;
    private readonly Task<(bool Asked, OciDigest? Digest)> _answer;
    private int _isTaken;

    private TagInquiry(string reference, Task<(bool Asked, OciDigest? Digest)> answer)
    {
        _reference = reference;
        _answer = answer;
    }

    /// <summary>Asks on another thread, where it is remembered what the tag stood for. It ends at the latest when the client is disposed.</summary>
    public static TagInquiry Begin(RegistryClient client, TagPins pins, ImageReference reference) => new(
        reference.ToString(),
        Task.Run(async () => await pins.FindAsync(reference, CancellationToken.None).ConfigureAwait(false) is null
            ? (false, null)
            : (true, await client.FindDigestAsync(reference, CancellationToken.None).ConfigureAwait(false))));

    /// <summary>The answer for a reference, to the first who takes it: it is not true for ever.</summary>
    /// <returns>Null when that was not asked, or the answer is taken.</returns>
    /// <exception cref="OciException">There is no such manifest, or it cannot be had.</exception>
    public async ValueTask<(bool Asked, OciDigest? Digest)> TakeAsync(ImageReference reference, CancellationToken cancellationToken) =>
        reference.ToString() == _reference && Interlocked.Exchange(ref _isTaken, 1) == 0
            ? await _answer.WaitAsync(cancellationToken).ConfigureAwait(false)
            : (false, null);
}
