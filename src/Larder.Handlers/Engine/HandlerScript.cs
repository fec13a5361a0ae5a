using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace Larder.Handlers.Engine;

/// <summary>
/// The text around a handler's source that makes a script of it whose value is the handler: an async function, with the
/// source in lines of its own.
/// </summary>
/// <remarks>
/// <para>
/// What changes on the way is invisible to JavaScript, and makes the engine's lines those of the source, one further
/// down: every line ends with a line feed (as the language sees them in template literals anyway), a byte order mark
/// is left out, and the <c>#!</c> of a first line becomes a comment.
/// </para>
/// <para>
/// A source could close the function and go on outside of it. Two scripts keep it in. In <see cref="For"/> the function is
/// an operand in parentheses, which a colon never follows; in <see cref="ProbeFor"/> it is the middle of a conditional,
/// which nothing but a colon follows. Up to the brace that closes the function both read the same, so a text that is a
/// program in both closes it at its end.
/// </para>
/// </remarks>
internal static class HandlerScript
{
    /// <summary>The name of the script in stacks.</summary>
    public const string FileName = "handler.js";

    /// <summary>Lines of the script before those of the source.</summary>
    public const int LinesBefore = 1;

    /// <summary>The version of this text; part of the name of everything that is made from it.</summary>
    public const int Version = 1;

    private const int FewBytes = 16 * 1024;

    private static ReadOnlySpan<byte> Before => "(async function handler() {\n"u8;

    private static ReadOnlySpan<byte> After => "\n})"u8;

    private static ReadOnlySpan<byte> ProbeBefore => "(function () { 0 ? async () => {\n"u8;

    private static ReadOnlySpan<byte> ProbeAfter => "\n} : 0 })"u8;

    private static ReadOnlySpan<byte> ByteOrderMark => "\uFEFF"u8;

    /// <summary>SHA-256 of everything that is put around a source.</summary>
    public static byte[] Digest { get; } = SHA256.HashData(
        [.. BitConverter.GetBytes(Version), .. Before, 0, .. After, 0, .. ProbeBefore, 0, .. ProbeAfter]);

    /// <summary>The script.</summary>
    /// <param name="source">The function body as UTF-8.</param>
    public static byte[] For(ReadOnlySpan<byte> source) => Surround(Before, source, After);

    /// <summary>A script that compiles only if the source does not leave the function that it is the body of.</summary>
    /// <param name="source">The function body as UTF-8.</param>
    public static byte[] ProbeFor(ReadOnlySpan<byte> source) => Surround(ProbeBefore, source, ProbeAfter);

    /// <summary>Where the text of a source begins: behind a byte order mark.</summary>
    public static int StartOf(ReadOnlySpan<char> source) => source is ['\uFEFF', ..] ? 1 : 0;

    /// <summary>SHA-256 of a source as UTF-8; false when it is not valid text. Allocates nothing.</summary>
    /// <param name="source">The source.</param>
    /// <param name="digest">32 bytes that the digest is written to.</param>
    /// <param name="length">Length of the source as UTF-8.</param>
    public static bool TryDigest(string source, Span<byte> digest, out int length)
    {
        var most = Encoding.UTF8.GetMaxByteCount(source.Length);
        byte[]? rented = null;
        var buffer = most <= FewBytes ? stackalloc byte[FewBytes] : (rented = ArrayPool<byte>.Shared.Rent(most));
        var isText = Utf8.FromUtf16(source, buffer, out _, out length, replaceInvalidSequences: false) == OperationStatus.Done;
        if (isText)
        {
            SHA256.HashData(buffer[..length], digest);
        }

        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return isText;
    }

    private static byte[] Surround(ReadOnlySpan<byte> before, ReadOnlySpan<byte> source, ReadOnlySpan<byte> after)
    {
        source = source.StartsWith(ByteOrderMark) ? source[ByteOrderMark.Length..] : source;
        var script = new byte[before.Length + source.Length + after.Length];
        before.CopyTo(script);
        var body = script.AsSpan(before.Length, source.Length);
        source.CopyTo(body);
        if (body.StartsWith("#!"u8))
        {
            "//"u8.CopyTo(body);
        }

        var end = before.Length + UnifyLineEnds(body);
        after.CopyTo(script.AsSpan(end));
        return script[..(end + after.Length)];
    }

    // Makes a line feed of every end of a line, in place, and gives the new length.
    private static int UnifyLineEnds(Span<byte> text)
    {
        var end = text.IndexOf((byte)'\r');
        if (end < 0)
        {
            return text.Length;
        }

        for (var index = end; index < text.Length; index++)
        {
            if (text[index] != '\r')
            {
                text[end++] = text[index];
            }
            else if (index + 1 == text.Length || text[index + 1] != '\n')
            {
                text[end++] = (byte)'\n';
            }
        }

        return end;
    }
}
