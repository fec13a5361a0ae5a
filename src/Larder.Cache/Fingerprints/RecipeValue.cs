using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Larder.Cache.Fingerprints;

/// <summary>One immutable value in a recipe: a scalar, or a list or set of scalars.</summary>
/// <remarks>
/// Equality is that of type and bytes. The default value is no value; a recipe refuses it.
/// </remarks>
public readonly struct RecipeValue : IEquatable<RecipeValue>
{
    /// <summary>Bytes in front of each item of a list or set: its type and the length of its payload.</summary>
    internal const int ItemHeaderBytes = sizeof(byte) + sizeof(uint);

    // Refuses unpaired surrogates: replacing them would give two different texts one encoding.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private RecipeValue(RecipeValueType type, ReadOnlyMemory<byte> payload)
    {
        Type = type;
        Payload = payload;
    }

    /// <summary>What the bytes mean; 0 for the default value, which is no value.</summary>
    public RecipeValueType Type { get; }

    /// <summary>The bytes of the value as the encoding holds them.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Takes a copy of <paramref name="value"/>.</summary>
    public static RecipeValue Of(ReadOnlySpan<byte> value) => new(RecipeValueType.Bytes, value.ToArray());

    /// <summary>Takes text.</summary>
    /// <exception cref="ArgumentException">The text holds half of a surrogate pair.</exception>
    public static RecipeValue Of(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new RecipeValue(RecipeValueType.Text, EncodeText(value));
    }

    /// <summary>Takes a number.</summary>
    public static RecipeValue Of(long value)
    {
        var payload = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(payload, value);
        return new RecipeValue(RecipeValueType.Integer, payload);
    }

    /// <summary>Takes true or false.</summary>
    public static RecipeValue Of(bool value) => new(RecipeValueType.Boolean, new[] { value ? (byte)1 : (byte)0 });

    /// <summary>Takes a fingerprint or a content digest.</summary>
    public static RecipeValue Of(Fingerprint value) => new(RecipeValueType.Fingerprint, value.ToArray());

    /// <summary>Takes scalars whose order matters.</summary>
    /// <exception cref="ArgumentException">An item is itself a list or a set, or no value.</exception>
    public static RecipeValue OfList(params IEnumerable<RecipeValue> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return new RecipeValue(RecipeValueType.List, EncodeItems([.. items]));
    }

    /// <summary>Takes scalars whose order does not matter; equal ones count once.</summary>
    /// <exception cref="ArgumentException">An item is itself a list or a set, or no value.</exception>
    public static RecipeValue OfSet(params IEnumerable<RecipeValue> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        RecipeValue[] sorted = [.. items];
        Array.Sort(sorted, static (left, right) => left.CompareTo(right));
        var distinct = new List<RecipeValue>(sorted.Length);
        foreach (var item in sorted)
        {
            if (distinct.Count == 0 || !distinct[^1].Equals(item))
            {
                distinct.Add(item);
            }
        }

        return new RecipeValue(RecipeValueType.Set, EncodeItems(distinct));
    }

    /// <summary>The text.</summary>
    /// <exception cref="InvalidOperationException">This is not text.</exception>
    public string AsText()
    {
        Require(RecipeValueType.Text);
        return StrictUtf8.GetString(Payload.Span);
    }

    /// <summary>The number.</summary>
    /// <exception cref="InvalidOperationException">This is not a number.</exception>
    public long AsInteger()
    {
        Require(RecipeValueType.Integer);
        return BinaryPrimitives.ReadInt64LittleEndian(Payload.Span);
    }

    /// <summary>True or false.</summary>
    /// <exception cref="InvalidOperationException">This is neither.</exception>
    public bool AsBoolean()
    {
        Require(RecipeValueType.Boolean);
        return Payload.Span[0] != 0;
    }

    /// <summary>The fingerprint.</summary>
    /// <exception cref="InvalidOperationException">This is not a fingerprint.</exception>
    public Fingerprint AsFingerprint()
    {
        Require(RecipeValueType.Fingerprint);
        return new Fingerprint(Payload.Span);
    }

    /// <summary>The items of a list or set, in the order of the encoding.</summary>
    /// <exception cref="InvalidOperationException">This is neither a list nor a set.</exception>
    public ImmutableArray<RecipeValue> AsItems()
    {
        if (Type is not (RecipeValueType.List or RecipeValueType.Set))
        {
            throw new InvalidOperationException($"The value is {Type}, not a list or a set.");
        }

        var count = BinaryPrimitives.ReadInt32LittleEndian(Payload.Span);
        var items = ImmutableArray.CreateBuilder<RecipeValue>(count);
        var rest = Payload[sizeof(uint)..];
        while (rest.Length > 0)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest.Span[1..]);
            items.Add(new RecipeValue((RecipeValueType)rest.Span[0], rest.Slice(ItemHeaderBytes, length)));
            rest = rest[(ItemHeaderBytes + length)..];
        }

        return items.MoveToImmutable();
    }

    /// <inheritdoc/>
    public bool Equals(RecipeValue other) => Type == other.Type && Payload.Span.SequenceEqual(other.Payload.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is RecipeValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Type);
        hash.AddBytes(Payload.Span);
        return hash.ToHashCode();
    }

    /// <summary>Returns a short form for people; long values are cut.</summary>
    public override string ToString() => RecipeText.Describe(this);

    /// <summary>Whether the two have the same type and bytes.</summary>
    public static bool operator ==(RecipeValue left, RecipeValue right) => left.Equals(right);

    /// <summary>Whether the two differ in type or bytes.</summary>
    public static bool operator !=(RecipeValue left, RecipeValue right) => !left.Equals(right);

    /// <summary>Order of a set's items: by type, then by bytes.</summary>
    internal int CompareTo(RecipeValue other) => Compare(Type, Payload.Span, other.Type, other.Payload.Span);

    /// <summary>Encodes text strictly.</summary>
    internal static byte[] EncodeText(string value)
    {
        try
        {
            return StrictUtf8.GetBytes(value);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException("The text holds half of a surrogate pair and has no UTF-8 form.", nameof(value), e);
        }
    }

    /// <summary>Takes a value out of an encoding; null when the bytes are not the canonical form of that type.</summary>
    internal static RecipeValue? Decode(byte type, ReadOnlyMemory<byte> payload) =>
        IsCanonical((RecipeValueType)type, payload.Span) ? new RecipeValue((RecipeValueType)type, payload) : null;

    private static bool IsCanonical(RecipeValueType type, ReadOnlySpan<byte> payload) => type switch
    {
        RecipeValueType.List or RecipeValueType.Set => AreCanonicalItems(type, payload),
        _ => IsCanonicalScalar(type, payload),
    };

    private static bool IsCanonicalScalar(RecipeValueType type, ReadOnlySpan<byte> payload) => type switch
    {
        RecipeValueType.Bytes => true,
        RecipeValueType.Text => System.Text.Unicode.Utf8.IsValid(payload),
        RecipeValueType.Integer => payload.Length == sizeof(long),
        RecipeValueType.Boolean => payload is [0] or [1],
        RecipeValueType.Fingerprint => payload.Length == Fingerprint.Size,
        _ => false,
    };

    private static bool AreCanonicalItems(RecipeValueType type, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < sizeof(uint))
        {
            return false;
        }

        var count = BinaryPrimitives.ReadUInt32LittleEndian(payload);
        var rest = payload[sizeof(uint)..];
        ReadOnlySpan<byte> before = default;
        for (var i = 0u; i < count; i++)
        {
            if (rest.Length < ItemHeaderBytes)
            {
                return false;
            }

            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest[1..]);
            if (length > (uint)(rest.Length - ItemHeaderBytes))
            {
                return false;
            }

            var item = rest[..(ItemHeaderBytes + (int)length)];
            if (!IsCanonicalScalar((RecipeValueType)item[0], item[ItemHeaderBytes..])
                || (type == RecipeValueType.Set && i > 0 && CompareItems(before, item) >= 0))
            {
                return false;
            }

            before = item;
            rest = rest[item.Length..];
        }

        return rest.IsEmpty;
    }

    private static int CompareItems(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => Compare(
        (RecipeValueType)left[0], left[ItemHeaderBytes..], (RecipeValueType)right[0], right[ItemHeaderBytes..]);

    private static int Compare(
        RecipeValueType leftType, ReadOnlySpan<byte> left, RecipeValueType rightType, ReadOnlySpan<byte> right) =>
        leftType != rightType ? leftType.CompareTo(rightType) : left.SequenceCompareTo(right);

    private static byte[] EncodeItems(List<RecipeValue> items)
    {
        var size = (long)sizeof(uint);
        foreach (var item in items)
        {
            if (item.Type is 0 or RecipeValueType.List or RecipeValueType.Set)
            {
                throw new ArgumentException("The items of a list or set are scalars.", nameof(items));
            }

            size += ItemHeaderBytes + item.Payload.Length;
        }

        if (size > Recipe.MaxValueBytes)
        {
            throw new ArgumentException(
                $"A list or set takes at most {Recipe.MaxValueBytes} bytes, not {size}; name large inputs by their digest.",
                nameof(items));
        }

        var payload = new byte[size];
        BinaryPrimitives.WriteInt32LittleEndian(payload, items.Count);
        var rest = payload.AsSpan(sizeof(uint));
        foreach (var item in items)
        {
            rest[0] = (byte)item.Type;
            BinaryPrimitives.WriteInt32LittleEndian(rest[1..], item.Payload.Length);
            item.Payload.Span.CopyTo(rest[ItemHeaderBytes..]);
            rest = rest[(ItemHeaderBytes + item.Payload.Length)..];
        }

        return payload;
    }

    private void Require(RecipeValueType type)
    {
        if (Type != type)
        {
            throw new InvalidOperationException($"The value is {Type}, not {type}.");
        }
    }
}
