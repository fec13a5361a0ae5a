using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Larder.Oci.References;

/// <summary>
/// Where an image is: <c>registry/repository:tag@digest</c>, or <c>oci:DIRECTORY:tag</c> for an image layout on disk.
/// </summary>
/// <remarks>
/// What is left out is as with other tools: the registry is <c>docker.io</c>, one-word repositories there lie in
/// <c>library/</c>, and the tag is <c>latest</c> unless there is a digest. When there are both, the digest decides and the
/// tag is only shown. Source: the grammar of github.com/distribution/reference.
/// </remarks>
public sealed record ImageReference
{
    /// <summary>The registry that references without one mean.</summary>
    public const string DefaultRegistry = "docker.io";

    /// <summary>The tag that references without tag and digest mean.</summary>
    public const string DefaultTag = "latest";

    private const string LayoutPrefix = "oci:";
    private const string DockerPrefix = "docker://";
    private const int MaxRepositoryLength = 255;
    private const int MaxTagLength = 128;
    private const int MaxTextLength = 4096;

    private static readonly SearchValues<char> WordCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789");

    private static readonly SearchValues<char> TagCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    private static readonly SearchValues<char> HostCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");

    private ImageReference(string registry, string repository, string? tag, OciDigest? digest)
    {
        Registry = registry;
        Repository = repository;
        Tag = tag;
        Digest = digest;
    }

    /// <summary>Host and port, such as <c>docker.io</c>, <c>localhost:5000</c> or <c>[::1]:5000</c>; empty for a layout.</summary>
    public string Registry { get; private init; }

    /// <summary>The repository, such as <c>library/debian</c>; for a layout its directory as it was written.</summary>
    public string Repository { get; private init; }

    /// <summary>The tag; null when only the digest was given, or when a layout is to be read without one.</summary>
    public string? Tag { get; private init; }

    /// <summary>The digest of the manifest or index; null when the tag decides.</summary>
    public OciDigest? Digest { get; private init; }

    /// <summary>Whether this is an image layout on disk.</summary>
    public bool IsLayout => Registry.Length == 0;

    /// <summary>What a registry's path calls the manifest: the digest if there is one, or else the tag.</summary>
    public string Target => Digest?.ToString() ?? Tag ?? DefaultTag;

    /// <summary>Takes a reference from its text.</summary>
    /// <exception cref="OciException">The text is no reference; the message says what is wrong with it.</exception>
    public static ImageReference Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Read(text, out var problem)
            ?? throw new OciException(
                OciErrorKind.InvalidReference,
                $"'{Printable.Shorten(text)}' is not an image reference: {problem}. Write [REGISTRY/]REPOSITORY[:TAG][@DIGEST] or oci:DIRECTORY[:TAG].");
    }

    /// <summary>Takes a reference from its text; false when the text is none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out ImageReference? reference)
    {
        reference = text is null ? null : Read(text, out _);
        return reference is not null;
    }

    /// <summary>The reference to an image layout on disk.</summary>
    /// <param name="directory">The directory with <c>oci-layout</c> in it.</param>
    /// <param name="tag">The image's name in it; null for the only one.</param>
    /// <param name="digest">The digest of the manifest; null when the name decides.</param>
    public static ImageReference OfLayout(string directory, string? tag = null, OciDigest? digest = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return new ImageReference(string.Empty, directory, tag, digest);
    }

    /// <summary>The same repository with a digest in place of the tag, which is kept to be shown.</summary>
    public ImageReference WithDigest(OciDigest digest) => this with { Digest = digest };

    /// <summary>Whether both mean the same registry and repository.</summary>
    public bool IsSameRepository(ImageReference other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Registry == other.Registry && Repository == other.Repository;
    }

    /// <summary>Returns the whole reference, with everything that was left out.</summary>
    public override string ToString()
    {
        var name = IsLayout ? LayoutPrefix + Repository : $"{Registry}/{Repository}";
        return name + (Tag is null ? string.Empty : ":" + Tag) + (Digest is { } digest ? $"@{digest}" : string.Empty);
    }

    private static ImageReference? Read(string text, out string problem)
    {
        problem = string.Empty;
        if (text.Length is 0 or > MaxTextLength)
        {
            problem = text.Length == 0 ? "it is empty" : $"it is longer than {MaxTextLength} characters";
            return null;
        }

        if (text.StartsWith(LayoutPrefix, StringComparison.Ordinal) && !BeginsWithPort(text.AsSpan(LayoutPrefix.Length)))
        {
            return ReadLayout(text[LayoutPrefix.Length..], out problem);
        }

        var rest = text.StartsWith(DockerPrefix, StringComparison.Ordinal) ? text[DockerPrefix.Length..] : text;
        if (rest.Contains("://", StringComparison.Ordinal))
        {
            problem = "it begins like a URL";
            return null;
        }

        if (!TakeDigest(ref rest, out var digest, out problem))
        {
            return null;
        }

        var (registry, path) = SplitRegistry(rest);
        var tag = TakeTag(ref path);
        problem = ProblemOf(registry, path, tag) ?? string.Empty;
        if (problem.Length > 0)
        {
            return null;
        }

        registry = Normalized(registry);
        if (registry == DefaultRegistry && !path.Contains('/', StringComparison.Ordinal))
        {
            path = "library/" + path;
        }

        return new ImageReference(registry, path, tag ?? (digest is null ? DefaultTag : null), digest);
    }

    private static ImageReference? ReadLayout(string rest, out string problem)
    {
        if (!TakeDigest(ref rest, out var digest, out problem))
        {
            return null;
        }

        // A colon before the last slash belongs to the directory's name.
        string? tag = null;
        var colon = rest.LastIndexOf(':');
        if (colon > rest.LastIndexOf('/') && IsLayoutTag(rest.AsSpan(colon + 1)))
        {
            tag = rest[(colon + 1)..];
            rest = rest[..colon];
        }

        if (rest.Length == 0 || rest.Contains('\0', StringComparison.Ordinal))
        {
            problem = "the directory is missing";
            return null;
        }

        return new ImageReference(string.Empty, rest, tag, digest);
    }

    private static bool TakeDigest(ref string rest, out OciDigest? digest, out string problem)
    {
        digest = null;
        problem = string.Empty;
        var at = rest.LastIndexOf('@');
        if (at < 0 || (at >= 0 && rest.AsSpan(at).Contains('/')))
        {
            return true;
        }

        if (!OciDigest.TryParse(rest[(at + 1)..], out var parsed))
        {
            problem = "what follows '@' is not a digest (sha256:… with 64, sha512:… with 128 lower-case hexadecimal digits)";
            return false;
        }

        digest = parsed;
        rest = rest[..at];
        return true;
    }

    // The first part is a registry when it cannot be a part of a repository.
    private static (string Registry, string Path) SplitRegistry(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return (DefaultRegistry, text);
        }

        var first = text.AsSpan(0, slash);
        return first.ContainsAny('.', ':', '[') || first is "localhost" || first.ContainsAnyInRange('A', 'Z')
            ? (text[..slash], text[(slash + 1)..])
            : (DefaultRegistry, text);
    }

    private static string? TakeTag(ref string path)
    {
        var colon = path.LastIndexOf(':');
        if (colon < 0 || path.AsSpan(colon).Contains('/'))
        {
            return null;
        }

        var tag = path[(colon + 1)..];
        path = path[..colon];
        return tag;
    }

    private static string? ProblemOf(string registry, string path, string? tag)
    {
        if (!IsRegistry(registry))
        {
            return $"'{Printable.Shorten(registry)}' is not a host with an optional port";
        }

        if (path.Length is 0 or > MaxRepositoryLength)
        {
            return path.Length == 0 ? "the repository is missing" : $"the repository is longer than {MaxRepositoryLength} characters";
        }

        if (!path.Split('/').All(static part => IsRepositoryPart(part)))
        {
            return path.Any(char.IsAsciiLetterUpper)
                ? "a repository has no upper-case letters"
                : $"'{Printable.Shorten(path)}' is not a repository (lower-case letters, digits, and '.', '_', '__' or '-' between them)";
        }

        return tag is null || IsTag(tag)
            ? null
            : $"'{Printable.Shorten(tag)}' is not a tag (up to {MaxTagLength} letters, digits, '_', '.' and '-', the first no '.' or '-')";
    }

    private static string Normalized(string registry) =>
        registry.ToLowerInvariant() is "index.docker.io" or "registry-1.docker.io" ? DefaultRegistry : registry.ToLowerInvariant();

    // [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*
    private static bool IsRepositoryPart(ReadOnlySpan<char> part)
    {
        while (true)
        {
            var word = part.IndexOfAnyExcept(WordCharacters);
            if (word < 0)
            {
                return part.Length > 0;
            }

            var rest = part[word..];
            var next = rest.IndexOfAny(WordCharacters);
            if (word == 0 || next < 0 || !(rest[..next] is "." or "_" or "__" || !rest[..next].ContainsAnyExcept('-')))
            {
                return false;
            }

            part = rest[next..];
        }
    }

    private static bool IsTag(ReadOnlySpan<char> tag) =>
        tag.Length is > 0 and <= MaxTagLength && tag[0] is not ('.' or '-') && !tag.ContainsAnyExcept(TagCharacters);

    // Annotations of layouts hold longer names too; skopeo writes what follows the colon as it is.
    private static bool IsLayoutTag(ReadOnlySpan<char> tag) => tag.Length is > 0 and <= 1024 && tag[0] is not ('.' or '-');

    private static bool IsRegistry(string registry)
    {
        var host = registry.AsSpan();
        if (host.StartsWith("["))
        {
            var end = host.IndexOf(']');
            return end > 0
                && IPAddress.TryParse(host[1..end], out var address)
                && address.AddressFamily == AddressFamily.InterNetworkV6
                && (end + 1 == host.Length || (host[end + 1] == ':' && IsPort(host[(end + 2)..])));
        }

        var colon = host.LastIndexOf(':');
        if (colon >= 0)
        {
            if (!IsPort(host[(colon + 1)..]))
            {
                return false;
            }

            host = host[..colon];
        }

        return host.Length is > 0 and <= 253
            && !host.ContainsAnyExcept(HostCharacters)
            && host[0] is not ('.' or '-') && host[^1] is not ('.' or '-')
            && host.IndexOf("..") < 0;
    }

    // A registry may be called oci too.
    private static bool BeginsWithPort(ReadOnlySpan<char> text) => text.IndexOf('/') is > 0 and var slash && IsPort(text[..slash]);

    private static bool IsPort(ReadOnlySpan<char> text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0;
}
