using System.Buffers;
using Larder.Cache.Artifacts;
using Larder.Oci.Indexes;
using Larder.Oci.Merging;
using Larder.Oci.Mounting;

namespace Larder.Oci.Exporting;

/// <summary>Writes the merged tree of an image as one archive, each directory before what is in it.</summary>
public static class TarExporter
{
    private const int BufferBytes = 1024 * 1024;

    /// <summary>Writes the archive.</summary>
    /// <param name="image">The image.</param>
    /// <param name="output">Where it goes; left open.</param>
    /// <param name="progress">Told the bytes of files that were written, so far; may be null.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="OciException">Bytes of a file cannot be had.</exception>
    /// <remarks>Hard links follow the first of their names; holes of sparse files stay holes.</remarks>
    public static async Task WriteAsync(
        OpenedImage image, Stream output, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(output);
        var tree = image.Tree;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var firstNames = new Dictionary<int, byte[]>();
        var pending = new Stack<(int Node, byte[] Path)>();
        pending.Push((ImageTree.Root, []));
        var done = 0L;
        try
        {
            while (pending.TryPop(out var at))
            {
                var isDirectory = tree.GetNode(at.Node).Type == LayerEntryType.Directory;
                var isHardLink = !isDirectory && firstNames.TryGetValue(at.Node, out _);
                var sparse = isHardLink ? null : SparseMap.Of(tree, at.Node);
                await output.WriteAsync(Header(tree, at.Node, at.Path, isHardLink ? firstNames[at.Node] : null, sparse), cancellationToken)
                    .ConfigureAwait(false);
                if (!isDirectory && !isHardLink && tree.GetNode(at.Node).LinkCount > 1)
                {
                    firstNames.Add(at.Node, at.Path);
                }

                if (!isHardLink && tree.GetNode(at.Node).Type == LayerEntryType.File)
                {
                    done = await CopyAsync(image.Content, at.Node, sparse, output, buffer, done, progress, cancellationToken).ConfigureAwait(false);
                }

                PushChildren(tree, at, pending);
            }

            await output.WriteAsync(new byte[2 * TarEntryWriter.BlockBytes], cancellationToken).ConfigureAwait(false);
            await output.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Header(ImageTree tree, int node, byte[] path, byte[]? firstName, SparseMap? sparse)
    {
        ReadOnlySpan<byte> name = path.Length == 0 ? "./"u8
            : tree.GetNode(node).Type == LayerEntryType.Directory ? [.. path, (byte)'/'] : path;
        return TarEntryWriter.Write(
            tree.GetNode(node), name, firstName ?? tree.GetTarget(node), firstName is not null, tree.GetXattrs(node), sparse);
    }

    private static void PushChildren(ImageTree tree, (int Node, byte[] Path) directory, Stack<(int Node, byte[] Path)> pending)
    {
        for (var position = tree.GetEntryCount(directory.Node) - 1; position >= 0; position--)
        {
            var name = tree.GetEntry(directory.Node, position, out var child);
            pending.Push((child, directory.Path.Length == 0 ? name.ToArray() : [.. directory.Path, (byte)'/', .. name]));
        }
    }

    private static async Task<long> CopyAsync(
        ImageContent content,
        int node,
        SparseMap? sparse,
        Stream output,
        byte[] buffer,
        long done,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        var size = content.Tree.GetNode(node).Size;
        if (sparse is not null)
        {
            await output.WriteAsync(sparse.Encoded, cancellationToken).ConfigureAwait(false);
        }

        foreach (var run in sparse?.Runs ?? [new ByteRange(0, size)])
        {
            for (var at = run.Offset; at < run.End;)
            {
                var part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, run.End - at));
                var read = await content.ReadAsync(node, at, part, cancellationToken).ConfigureAwait(false);
                await output.WriteAsync(part[..read], cancellationToken).ConfigureAwait(false);
                at += read;
                progress?.Report(done + at);
            }
        }

        await output.WriteAsync(new byte[TarEntryWriter.PaddingOf(sparse?.StoredBytes ?? size)], cancellationToken).ConfigureAwait(false);
        progress?.Report(done + size);
        return done + size;
    }
}
