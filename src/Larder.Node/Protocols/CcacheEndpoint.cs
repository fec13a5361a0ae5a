using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Http;
using Larder.Node.Security;

namespace Larder.Node.Protocols;

/// <summary>
/// ccache's HTTP storage under <c>/ccache/</c>. Its three layouts differ between versions in the shape of their paths,
/// and its <c>bazel</c> layout puts other bytes under <c>/ac/</c> than Bazel does; so the whole path is one opaque name.
/// </summary>
internal sealed class CcacheEndpoint : IEndpoint
{
    /// <summary>Where the dialect begins.</summary>
    public const string Prefix = "/ccache/";

    private const string Space = "ccache";

    // Names of other dialects and versions that are hashed the same way can never meet these.
    private static readonly byte[] Domain = "larder:ccache:1\0"u8.ToArray();

    /// <summary>The kind that all of it is stored under.</summary>
    public static ArtifactKind Kind { get; } = ArtifactKind.Parse("ccache");

    public string Name => "ccache";

    public Unhandled OnUnhandled => Unhandled.Miss;

    public bool ReadsOnLoop => true;

    public Task HandleAsync(NodeRequest request)
    {
        if (!request.Allow(RequestMethod.Get | RequestMethod.Head | RequestMethod.Put | RequestMethod.Delete)
            || !request.Authorize(Space, request.IsRead ? AccessRights.Read : AccessRights.Write))
        {
            return Task.CompletedTask;
        }

        var key = new ArtifactKey(Kind, Name256(Domain, request.Path.AsSpan(Prefix.Length)));
        return request.Method switch
        {
            RequestMethod.Put => BuildDialect.PutAsync(request, key),
            RequestMethod.Delete => BuildDialect.DeleteAsync(request, key),
            _ => BuildDialect.GetAsync(request, key),
        };
    }

    /// <summary>The fingerprint of an opaque name: SHA-256 of a domain and the name's UTF-8.</summary>
    internal static Fingerprint Name256(ReadOnlySpan<byte> domain, ReadOnlySpan<char> name)
    {
        const int StackBytes = 512;
        var size = domain.Length + Encoding.UTF8.GetMaxByteCount(name.Length);
        byte[]? rented = null;
        var buffer = size <= StackBytes ? stackalloc byte[StackBytes] : rented = ArrayPool<byte>.Shared.Rent(size);
        domain.CopyTo(buffer);
        var length = domain.Length + Encoding.UTF8.GetBytes(name, buffer[domain.Length..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(buffer[..length], hash);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return new Fingerprint(hash);
    }
}
