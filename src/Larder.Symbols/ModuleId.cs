using Larder.Cache.Fingerprints;

namespace Larder.Symbols;

/// <summary>
/// Which module: a file and what it held. Another content under the same path is another module. Immutable.
/// </summary>
public sealed class ModuleId : IEquatable<ModuleId>
{
    private readonly int _hash;

    /// <summary>Creates the identity.</summary>
    /// <param name="path">Full path of the file.</param>
    /// <param name="digest">SHA-256 of its bytes.</param>
    /// <param name="mvid">The version identifier of a .NET module; empty for others.</param>
    public ModuleId(string path, Fingerprint digest, Guid mvid = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
        Digest = digest;
        Mvid = mvid;
        _hash = HashCode.Combine(digest, string.GetHashCode(path, StringComparison.Ordinal));
        Owner = digest + path;
    }

    /// <summary>Full path of the file.</summary>
    public string Path { get; }

    /// <summary>SHA-256 of its bytes.</summary>
    public Fingerprint Digest { get; }

    /// <summary>The version identifier of a .NET module; empty for others.</summary>
    public Guid Mvid { get; }

    /// <summary>What the caches know the module's entries by.</summary>
    internal string Owner { get; }

    /// <inheritdoc/>
    public bool Equals(ModuleId? other) =>
        ReferenceEquals(this, other)
        || (other is not null && _hash == other._hash && Digest == other.Digest && string.Equals(Path, other.Path, StringComparison.Ordinal));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ModuleId);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <summary>Returns the path.</summary>
    public override string ToString() => Path;
}
