using Larder.Cache.Fingerprints;

namespace Larder.Node.Protocols;

/// <summary>
/// Reads from an <c>ActionResult</c> and from a <c>Tree</c> of the remote execution API which content they refer to.
/// Source: build/bazel/remote/execution/v2/remote_execution.proto.
/// </summary>
internal static class ActionResultReader
{
    // Fields of ActionResult.
    private const int OutputFiles = 2;
    private const int OutputDirectories = 3;
    private const int StandardOutputDigest = 6;
    private const int StandardErrorDigest = 8;
    private const int ExecutionMetadata = 9;

    // Directories nest through their digests, not through the message; this bounds hostile input all the same.
    private const int FileNodes = 1;

    /// <summary>
    /// Calls <paramref name="visit"/> for every digest in the message; false when the message is malformed.
    /// </summary>
    public static bool TryRead<TState>(ReadOnlySpan<byte> message, Action<TState, Reference> visit, TState state)
    {
        var reader = new ProtobufReader(message);
        while (reader.Read())
        {
            var isRead = reader.Field switch
            {
                OutputFiles => TryOutput(reader, 2, 5, ReferenceKind.File, visit, state),
                OutputDirectories => TryOutput(reader, 3, 0, ReferenceKind.Tree, visit, state),
                StandardOutputDigest or StandardErrorDigest => TryDigest(reader, ReferenceKind.File, visit, state),
                ExecutionMetadata => reader.HasBytes,
                _ => true,
            };
            if (!isRead)
            {
                return false;
            }
        }

        return !reader.IsMalformed;
    }

    /// <summary>
    /// Calls <paramref name="visit"/> for every file of a Tree (a root directory and its children); false when the message
    /// is malformed.
    /// </summary>
    public static bool TryReadTree<TState>(ReadOnlySpan<byte> message, Action<TState, Reference> visit, TState state)
    {
        var reader = new ProtobufReader(message);
        while (reader.Read())
        {
            if (reader.Field is 1 or 2 && (!reader.HasBytes || !TryDirectory(reader.Bytes, visit, state)))
            {
                return false;
            }
        }

        return !reader.IsMalformed;
    }

    private static bool TryDirectory<TState>(ReadOnlySpan<byte> message, Action<TState, Reference> visit, TState state)
    {
        var reader = new ProtobufReader(message);
        while (reader.Read())
        {
            // FileNode: 1 name, 2 digest.
            if (reader.Field == FileNodes && !TryOutput(reader, 2, 0, ReferenceKind.File, visit, state))
            {
                return false;
            }
        }

        return !reader.IsMalformed;
    }

    // A message with a path in field 1, a digest, and perhaps the content itself, which then need not be stored.
    private static bool TryOutput<TState>(
        ProtobufReader outer,
        int digestField,
        int contentField,
        ReferenceKind kind,
        Action<TState, Reference> visit,
        TState state)
    {
        if (!outer.HasBytes)
        {
            return false;
        }

        var isInline = false;
        Reference? found = null;
        var reader = new ProtobufReader(outer.Bytes);
        while (reader.Read())
        {
            if (reader.Field == 1 && !reader.IsText)
            {
                return false;
            }

            if (reader.Field == digestField)
            {
                if (!reader.HasBytes || !TryDigest(reader.Bytes, kind, out var reference))
                {
                    return false;
                }

                found = reference;
            }

            isInline |= contentField != 0 && reader.Field == contentField && reader.HasBytes && !reader.Bytes.IsEmpty;
        }

        if (reader.IsMalformed)
        {
            return false;
        }

        if (found is { } digest && !isInline)
        {
            visit(state, digest);
        }

        // An output without a digest and without content refers to nothing that could be fetched.
        return found is not null || isInline;
    }

    private static bool TryDigest<TState>(
        ProtobufReader outer, ReferenceKind kind, Action<TState, Reference> visit, TState state)
    {
        if (!outer.HasBytes)
        {
            return false;
        }

        // An empty message stands for a stream that wrote nothing.
        if (outer.Bytes.IsEmpty)
        {
            return true;
        }

        if (!TryDigest(outer.Bytes, kind, out var reference))
        {
            return false;
        }

        visit(state, reference);
        return true;
    }

    // Digest: 1 hash as text, 2 size in bytes.
    private static bool TryDigest(ReadOnlySpan<byte> message, ReferenceKind kind, out Reference reference)
    {
        Fingerprint hash = default;
        var hasHash = false;
        var size = 0L;
        var reader = new ProtobufReader(message);
        while (reader.Read())
        {
            if (reader.Field == 1)
            {
                hasHash = reader.HasBytes && TryHash(reader.Bytes, out hash);
                if (!hasHash)
                {
                    break;
                }
            }
            else if (reader.Field == 2 && !reader.HasBytes)
            {
                size = (long)reader.Number;
            }
        }

        reference = new Reference(kind, hash, size);
        return hasHash && size >= 0 && !reader.IsMalformed;
    }

    private static bool TryHash(ReadOnlySpan<byte> text, out Fingerprint hash)
    {
        hash = default;
        if (text.Length != Fingerprint.TextLength)
        {
            return false;
        }

        Span<char> characters = stackalloc char[Fingerprint.TextLength];
        for (var index = 0; index < text.Length; index++)
        {
            characters[index] = (char)text[index];
        }

        return Fingerprint.TryParse(characters, out hash);
    }
}
