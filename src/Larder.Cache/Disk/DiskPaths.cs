using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Cache.Disk;

/// <summary>Where everything lies below the root: docs/FORMATS.md.</summary>
internal sealed class DiskPaths
{
    public const string MetadataSuffix = ".meta";

    /// <summary>Follows the name of a raw entry's metadata while the entry is being replaced.</summary>
    public const string OldSuffix = ".old";

    public DiskPaths(string root)
    {
        Root = root;
        Temporary = $"{root}/.tmp";
        Quarantine = $"{root}/.quarantine";
        Lock = $"{root}/.lock";
        Index = $"{root}/.index";
        Claim = $"{root}/.claim";
    }

    public string Root { get; }

    public string Temporary { get; }

    public string Quarantine { get; }

    public string Lock { get; }

    public string Index { get; }

    public string Claim { get; }

    /// <summary>The file of an entry's payload.</summary>
    public string Payload(ArtifactKey key) =>
        string.Create(
            Root.Length + key.Kind.Name.Length + 2 + 3 + Fingerprint.TextLength,
            (Root, key),
            static (path, state) => WritePath(path, state.Root, state.key));

    /// <summary>The file beside a raw payload.</summary>
    public string Metadata(ArtifactKey key) => Payload(key) + MetadataSuffix;

    /// <summary>The directory of an entry.</summary>
    public string Directory(ArtifactKey key) => Payload(key)[..^(Fingerprint.TextLength + 1)];

    private static void WritePath(Span<char> path, string root, ArtifactKey key)
    {
        root.CopyTo(path);
        path = path[root.Length..];
        path[0] = '/';
        key.Kind.Name.CopyTo(path[1..]);
        path = path[(1 + key.Kind.Name.Length)..];
        path[0] = '/';
        key.Fingerprint.TryFormat(path[4..], out _);
        path[4..6].CopyTo(path[1..]);
        path[3] = '/';
    }
}
