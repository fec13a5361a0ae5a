using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Larder.Cache.Fingerprints;

/// <summary>
/// The 32-byte name of an artifact: the SHA-256 of its recipe, or, for content-addressed kinds and
/// wherever a content digest is meant, the SHA-256 of the bytes themselves.
/// </summary>
/// <remarks>
/// Immutable. The text form is 64 lower-case hexadecimal digits; parsing accepts either case. Ordering is that of
/// the bytes, which equals the ordinal order of the text.
/// </remarks>
[JsonConverter(typeof(FingerprintJsonConverter))]
[SkipLocalsInit]
public readonly struct Fingerprint : IEquatable<Fingerprint>, IComparable<Fingerprint>, ISpanFormattable
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 32;

    /// <summary>Length of the text form in characters.</summary>
    public const int TextLength = 64;

    // Each word holds eight bytes in big-endian order, so that comparing words compares bytes.
    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    /// <summary>Takes the value from its 32 bytes.</summary>
    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not exactly 32 bytes long.</exception>
    public Fingerprint(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"A fingerprint is {Size} bytes long, not {bytes.Length}.", nameof(bytes));
        }

        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>The digest of no bytes at all.</summary>
    public static Fingerprint OfNothing { get; } = OfContent([]);

    /// <summary>Whether this is the default value (32 zero bytes), which names nothing.</summary>
    public bool IsDefault => (_a | _b | _c | _d) == 0;

    /// <summary>The first eight bytes as a big-endian number: well mixed, but chosen by whoever chose the name.</summary>
    public ulong Prefix => _a;

    /// <summary>Computes the content digest of <paramref name="content"/>.</summary>
    public static Fingerprint OfContent(ReadOnlySpan<byte> content)
    {
        Span<byte> digest = stackalloc byte[Size];
        SHA256.HashData(content, digest);
        return new Fingerprint(digest);
    }

    /// <summary>Computes the content digest of everything that is left in <paramref name="content"/>.</summary>
    public static async ValueTask<Fingerprint> OfContentAsync(Stream content, CancellationToken cancellationToken = default)
    {
        var digest = await SHA256.HashDataAsync(content, cancellationToken).ConfigureAwait(false);
        return new Fingerprint(digest);
    }

    /// <summary>Takes what <paramref name="hash"/> (a SHA-256) has seen so far, and resets it.</summary>
    public static Fingerprint FromHash(IncrementalHash hash)
    {
        Span<byte> digest = stackalloc byte[Size];
        hash.GetHashAndReset(digest);
        return new Fingerprint(digest);
    }

    /// <summary>Reads the text form.</summary>
    /// <exception cref="FormatException">The text is not 64 hexadecimal digits.</exception>
    public static Fingerprint Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var value)
            ? value
            : throw new FormatException($"A fingerprint is {TextLength} hexadecimal digits; got {Describe(text)}.");

    /// <summary>Reads the text form; false when it is not 64 hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Fingerprint value)
    {
        Span<byte> bytes = stackalloc byte[Size];
        if (text.Length == TextLength
            && Convert.FromHexString(text, bytes, out _, out var written) == System.Buffers.OperationStatus.Done
            && written == Size)
        {
            value = new Fingerprint(bytes);
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Writes the 32 bytes.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than 32 bytes.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (destination.Length < Size)
        {
            throw new ArgumentException($"{Size} bytes are needed.", nameof(destination));
        }

        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    /// <summary>Returns the 32 bytes in a new array.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Equals(Fingerprint other) =>
        ((_a ^ other._a) | (_b ^ other._b) | (_c ^ other._c) | (_d ^ other._d)) == 0;

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is Fingerprint other && Equals(other);

    /// <summary>Mixes all 32 bytes with a secret of this process, so that nobody can choose names that collide.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override int GetHashCode()
    {
        var high = Math.BigMul(_a ^ Seeds.First, _b ^ Seeds.Second, out var low);
        var high2 = Math.BigMul(_c ^ Seeds.Third, _d ^ Seeds.Fourth, out var low2);
        var mixed = high ^ low ^ high2 ^ low2;
        return (int)(mixed ^ (mixed >> 32));
    }

    /// <inheritdoc/>
    public int CompareTo(Fingerprint other)
    {
        var order = _a.CompareTo(other._a);
        order = order != 0 ? order : _b.CompareTo(other._b);
        order = order != 0 ? order : _c.CompareTo(other._c);
        return order != 0 ? order : _d.CompareTo(other._d);
    }

    /// <summary>Returns 64 lower-case hexadecimal digits.</summary>
    public override string ToString() => string.Create(TextLength, this, static (text, value) => value.TryFormat(text, out _));

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    /// <summary>Writes 64 lower-case hexadecimal digits; false when <paramref name="destination"/> is too short.</summary>
    public bool TryFormat(Span<char> destination, out int charsWritten)
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Convert.TryToHexStringLower(bytes, destination, out charsWritten);
    }

    /// <inheritdoc/>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        TryFormat(destination, out charsWritten);

    /// <summary>Whether the two are the same 32 bytes.</summary>
    public static bool operator ==(Fingerprint left, Fingerprint right) => left.Equals(right);

    /// <summary>Whether the two differ.</summary>
    public static bool operator !=(Fingerprint left, Fingerprint right) => !left.Equals(right);

    /// <summary>Byte order.</summary>
    public static bool operator <(Fingerprint left, Fingerprint right) => left.CompareTo(right) < 0;

    /// <summary>Byte order.</summary>
    public static bool operator >(Fingerprint left, Fingerprint right) => left.CompareTo(right) > 0;

    /// <summary>Byte order.</summary>
    public static bool operator <=(Fingerprint left, Fingerprint right) => left.CompareTo(right) <= 0;

    /// <summary>Byte order.</summary>
    public static bool operator >=(Fingerprint left, Fingerprint right) => left.CompareTo(right) >= 0;

    private static string Describe(ReadOnlySpan<char> text) =>
        text.Length == TextLength ? "other characters" : $"{text.Length} characters";

    private static class Seeds
    {
        internal static readonly ulong First = Draw();
        internal static readonly ulong Second = Draw();
        internal static readonly ulong Third = Draw();
        internal static readonly ulong Fourth = Draw();

        private static ulong Draw()
        {
            Span<byte> bytes = stackalloc byte[sizeof(ulong)];
            RandomNumberGenerator.Fill(bytes);
            return MemoryMarshal.Read<ulong>(bytes) | 1;
        }
    }
}
