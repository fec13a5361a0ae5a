using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Cache.Hosting;

/// <summary>
/// Turns string keys into the fingerprint of the recipe that has the string as its only component, without building
/// the recipe.
/// </summary>
internal sealed class StringKeys
{
    private const string Component = "key";
    private const int StackBytes = 512;

    private readonly ArtifactKind _kind;

    // The encoding of the recipe up to the length of the text.
    private readonly byte[] _start;

    public StringKeys(ArtifactKind kind)
    {
        _kind = kind;
        var empty = Recipe.For(kind, 1).Add(Component, string.Empty).Build().Encoded.Span;
        _start = empty[..^sizeof(uint)].ToArray();
    }

    /// <summary>The key of an entry.</summary>
    /// <exception cref="ArgumentException">The text holds half of a surrogate pair.</exception>
    public ArtifactKey KeyOf(ReadOnlySpan<char> text)
    {
        var bound = _start.Length + sizeof(uint) + Encoding.UTF8.GetMaxByteCount(text.Length);
        byte[]? rented = null;
        var bytes = bound <= StackBytes ? stackalloc byte[StackBytes] : rented = ArrayPool<byte>.Shared.Rent(bound);
        try
        {
            _start.CopyTo(bytes);
            var value = bytes[(_start.Length + sizeof(uint))..];
            if (Utf8.FromUtf16(text, value, out _, out var written, replaceInvalidSequences: false) != OperationStatus.Done)
            {
                throw new ArgumentException("The key holds half of a surrogate pair.", nameof(text));
            }

            if (written > Recipe.MaxValueBytes)
            {
                var digest = Fingerprint.OfContent(value[..written]);
                return Recipe.For(_kind, 1).Add(Component, digest).Build().Key;
            }

            BinaryPrimitives.WriteUInt32LittleEndian(bytes[_start.Length..], (uint)written);
            return new ArtifactKey(_kind, Fingerprint.OfContent(bytes[..(_start.Length + sizeof(uint) + written)]));
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }
}
