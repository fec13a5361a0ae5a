using System.Buffers;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Oci.References;

namespace Larder.Oci.Mounting;

/// <summary>The files that a program used when it started, by the name that somebody gave to that: what to fetch before it starts.</summary>
/// <remarks>
/// Kept as paths, not as objects, so that it serves the next version of an image too. Kept in the cache, so that it reaches other
/// nodes through the remote tier.
/// </remarks>
public static class RecordedFiles
{
    private const int FormatVersion = 1;
    private const int MaxBytes = 64 << 20;

    /// <summary>The kind of artifact that they are kept as.</summary>
    public static ArtifactKind Kind { get; } = ArtifactKind.Parse("image-startup");

    /// <summary>Keeps the files that a mount has noted.</summary>
    /// <param name="cache">Where.</param>
    /// <param name="image">The image; its repository and the name are what they are found by.</param>
    /// <param name="name">The name.</param>
    /// <param name="recorder">What was noted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task SaveAsync(
        TieredCache cache, OpenedImage image, string name, FileRecorder recorder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(recorder);
        var text = new ArrayBufferWriter<byte>();
        foreach (var node in recorder.Snapshot())
        {
            text.Write(ImagePaths.Of(image.Tree, node));
            text.Write("\0"u8);
        }

        if (text.WrittenCount is > 0 and <= MaxBytes)
        {
            await cache.PutAsync(KeyOf(image.Image.Reference, name), text.WrittenMemory, cancellationToken: cancellationToken)
                .ConfigureAwait(false);
        }
    }

    /// <summary>The paths that were kept under a name, in the order of their use; null when nothing was.</summary>
    public static async Task<IReadOnlyList<byte[]>?> LoadAsync(
        TieredCache cache, ImageReference reference, string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(reference);
        using var lease = await cache.GetAsync(KeyOf(reference, name), cancellationToken).ConfigureAwait(false);
        if (!lease.IsHit || lease.Metadata.Length > MaxBytes)
        {
            return null;
        }

        var bytes = new byte[lease.Metadata.Length];
        for (var at = 0; at < bytes.Length;)
        {
            var read = lease.Content.Read(at, bytes.AsSpan(at));
            at += read > 0 ? read : throw new OciException(OciErrorKind.Storage, "The list of recorded files cannot be read.");
        }

        return Split(bytes);
    }

    private static ArtifactKey KeyOf(ImageReference reference, string name) => Recipe.For(Kind, FormatVersion)
        .Add("registry", reference.Registry)
        .Add("repository", reference.Repository)
        .Add("name", name)
        .Build().Key;

    private static List<byte[]> Split(ReadOnlySpan<byte> bytes)
    {
        var paths = new List<byte[]>();
        foreach (var part in bytes.Split((byte)0))
        {
            if (part.Start.GetOffset(bytes.Length) is var start && part.End.GetOffset(bytes.Length) is var end && end > start)
            {
                paths.Add(bytes[start..end].ToArray());
            }
        }

        return paths;
    }
}
