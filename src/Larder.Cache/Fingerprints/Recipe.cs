using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Fingerprints;

/// <summary>
/// Everything that can change the bytes of an artifact: its kind, the version of its format and named components.
/// Its fingerprint names the artifact.
/// </summary>
/// <remarks>
/// A recipe has exactly one encoding and an encoding exactly one recipe (docs/FORMATS.md, "Recipe"): components are
/// sorted by the bytes of their names, every part carries its length, every value its type. Two recipes that differ
/// anywhere therefore differ in their encodings, and share a fingerprint only if SHA-256 collides. Immutable.
/// </remarks>
[JsonConverter(typeof(RecipeJsonConverter))]
public sealed class Recipe : IEquatable<Recipe>
{
    /// <summary>Most components.</summary>
    public const int MaxComponents = 512;

    /// <summary>Longest component name, in bytes of UTF-8.</summary>
    public const int MaxNameBytes = 128;

    /// <summary>Longest value, in bytes of its encoding. Larger inputs are named by their digest.</summary>
    public const int MaxValueBytes = 32 * 1024;

    /// <summary>Longest encoding, in bytes.</summary>
    public const int MaxEncodedBytes = 64 * 1024;

    // "LRCP" and the version of the encoding.
    private static ReadOnlySpan<byte> Magic => "LRCP\x01"u8;

    internal Recipe(
        ArtifactKind kind, uint formatVersion, ImmutableArray<RecipeComponent> components, ReadOnlyMemory<byte> encoded)
    {
        Kind = kind;
        FormatVersion = formatVersion;
        Components = components;
        Encoded = encoded;
        Fingerprint = Fingerprint.OfContent(encoded.Span);
    }

    /// <summary>The family of the artifact.</summary>
    public ArtifactKind Kind { get; }

    /// <summary>The version of the artifact's own format; raised whenever the maker writes other bytes.</summary>
    public uint FormatVersion { get; }

    /// <summary>The components, sorted by the bytes of their names.</summary>
    public ImmutableArray<RecipeComponent> Components { get; }

    /// <summary>The canonical encoding; goes into <see cref="ArtifactMetadata.Recipe"/>.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>SHA-256 of <see cref="Encoded"/>.</summary>
    public Fingerprint Fingerprint { get; }

    /// <summary>What tiers look the artifact up by.</summary>
    public ArtifactKey Key => new(Kind, Fingerprint);

    /// <summary>Begins a recipe.</summary>
    /// <exception cref="ArgumentException"><paramref name="kind"/> is the default value.</exception>
    public static RecipeBuilder For(ArtifactKind kind, uint formatVersion) => new(kind, formatVersion);

    /// <summary>Reads an encoding, of which a copy is taken.</summary>
    /// <exception cref="FormatException">The bytes are not the canonical encoding of a recipe, or break a limit.</exception>
    public static Recipe Decode(ReadOnlyMemory<byte> encoded) =>
        Read(encoded.ToArray(), out var problem) ?? throw new FormatException($"This is not a recipe: {problem}.");

    /// <summary>Reads an encoding; false when the bytes are not canonical or break a limit.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out Recipe? recipe)
    {
        recipe = encoded.Length <= MaxEncodedBytes ? Read(encoded.ToArray(), out _) : null;
        return recipe is not null;
    }

    /// <summary>Finds a component by name; false when there is none.</summary>
    public bool TryGetValue(string name, out RecipeValue value)
    {
        foreach (var component in Components)
        {
            if (string.Equals(component.Name, name, StringComparison.Ordinal))
            {
                value = component.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <inheritdoc/>
    public bool Equals([NotNullWhen(true)] Recipe? other) =>
        other is not null && Encoded.Span.SequenceEqual(other.Encoded.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Recipe);

    /// <inheritdoc/>
    public override int GetHashCode() => Fingerprint.GetHashCode();

    /// <summary>Returns kind, format version and the components, shortened.</summary>
    public override string ToString() => $"{Kind} v{FormatVersion} {{ {string.Join(", ", Components)} }}";

    /// <summary>Writes the canonical encoding of sorted, checked components.</summary>
    internal static byte[] Encode(
        ArtifactKind kind, uint formatVersion, IReadOnlyList<(byte[] Name, RecipeValue Value)> components)
    {
        var size = (long)Magic.Length + 1 + kind.Name.Length + sizeof(uint) + sizeof(ushort);
        foreach (var (name, value) in components)
        {
            size += 1 + name.Length + 1 + sizeof(uint) + value.Payload.Length;
        }

        if (size > MaxEncodedBytes)
        {
            throw new InvalidOperationException(
                $"The recipe takes {size} bytes; {MaxEncodedBytes} is the most. Name large inputs by their digest.");
        }

        var encoded = new byte[size];
        var rest = encoded.AsSpan();
        Magic.CopyTo(rest);
        rest = rest[Magic.Length..];
        rest[0] = (byte)kind.Name.Length;
        System.Text.Encoding.ASCII.GetBytes(kind.Name, rest[1..]);
        rest = rest[(1 + kind.Name.Length)..];
        BinaryPrimitives.WriteUInt32LittleEndian(rest, formatVersion);
        BinaryPrimitives.WriteUInt16LittleEndian(rest[sizeof(uint)..], (ushort)components.Count);
        rest = rest[(sizeof(uint) + sizeof(ushort))..];
        foreach (var (name, value) in components)
        {
            rest[0] = (byte)name.Length;
            name.CopyTo(rest[1..]);
            rest = rest[(1 + name.Length)..];
            rest[0] = (byte)value.Type;
            BinaryPrimitives.WriteUInt32LittleEndian(rest[1..], (uint)value.Payload.Length);
            value.Payload.Span.CopyTo(rest[(1 + sizeof(uint))..]);
            rest = rest[(1 + sizeof(uint) + value.Payload.Length)..];
        }

        return encoded;
    }

    private static Recipe? Read(byte[] encoded, out string? problem)
    {
        var reader = new RecipeReader(encoded);
        if (!reader.TryReadHeader(out var kind, out var formatVersion, out var count))
        {
            problem = reader.Problem;
            return null;
        }

        // The count is bounded by MaxComponents before anything of its size is allocated.
        var components = ImmutableArray.CreateBuilder<RecipeComponent>(count);
        while (reader.TryReadComponent(out var name, out var type, out var value))
        {
            if (RecipeValue.Decode(type, encoded.AsMemory(value)) is not { } decoded)
            {
                problem = $"component {components.Count} holds a value that is not in canonical form";
                return null;
            }

            components.Add(new RecipeComponent(System.Text.Encoding.UTF8.GetString(name), decoded));
        }

        problem = reader.Problem;
        return problem is null ? new Recipe(kind, formatVersion, components.MoveToImmutable(), encoded) : null;
    }

    /// <summary>Checks the fixed bytes at the start of an encoding.</summary>
    internal static bool HasMagic(ReadOnlySpan<byte> encoded, out int length)
    {
        length = Magic.Length;
        return encoded.StartsWith(Magic);
    }
}
