using System.Collections.Immutable;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Fingerprints;

/// <summary>
/// Collects the components of a <see cref="Recipe"/>. The order of the calls does not matter; a name may be given
/// only once, because the second value would silently hide the first from the fingerprint.
/// </summary>
/// <remarks>For one thread. May be built from more than once; each call gives the recipe of what was added so far.</remarks>
public sealed class RecipeBuilder
{
    private readonly ArtifactKind _kind;
    private readonly uint _formatVersion;
    private readonly SortedDictionary<byte[], (string Name, RecipeValue Value)> _components = new(ByteOrder.Instance);

    /// <summary>Begins a recipe.</summary>
    /// <param name="kind">The family of the artifact.</param>
    /// <param name="formatVersion">The version of the artifact's own format.</param>
    /// <exception cref="ArgumentException"><paramref name="kind"/> is the default value.</exception>
    public RecipeBuilder(ArtifactKind kind, uint formatVersion)
    {
        if (kind.Name.Length == 0)
        {
            throw new ArgumentException("A recipe needs a kind.", nameof(kind));
        }

        _kind = kind;
        _formatVersion = formatVersion;
    }

    /// <summary>Adds bytes; a copy is taken.</summary>
    /// <inheritdoc cref="Add(string, RecipeValue)"/>
    public RecipeBuilder Add(string name, ReadOnlySpan<byte> value)
    {
        CheckSize(name, value.Length);
        return Add(name, RecipeValue.Of(value));
    }

    /// <summary>Adds text.</summary>
    /// <inheritdoc cref="Add(string, RecipeValue)"/>
    public RecipeBuilder Add(string name, string value) => Add(name, RecipeValue.Of(value));

    /// <summary>Adds a number.</summary>
    /// <inheritdoc cref="Add(string, RecipeValue)"/>
    public RecipeBuilder Add(string name, long value) => Add(name, RecipeValue.Of(value));

    /// <summary>Adds true or false.</summary>
    /// <inheritdoc cref="Add(string, RecipeValue)"/>
    public RecipeBuilder Add(string name, bool value) => Add(name, RecipeValue.Of(value));

    /// <summary>Adds a fingerprint or a content digest: the way to name an input of any size.</summary>
    /// <inheritdoc cref="Add(string, RecipeValue)"/>
    public RecipeBuilder Add(string name, Fingerprint value) => Add(name, RecipeValue.Of(value));

    /// <summary>Adds the content digest of <paramref name="content"/>, which may be of any size.</summary>
    /// <inheritdoc cref="Add(string, RecipeValue)"/>
    public RecipeBuilder AddDigestOf(string name, ReadOnlySpan<byte> content) => Add(name, Fingerprint.OfContent(content));

    /// <summary>Adds texts whose order matters.</summary>
    /// <inheritdoc cref="Add(string, RecipeValue)"/>
    public RecipeBuilder AddList(string name, params IEnumerable<string> values) =>
        Add(name, RecipeValue.OfList(values.Select(RecipeValue.Of)));

    /// <summary>Adds texts whose order does not matter and of which equal ones count once.</summary>
    /// <inheritdoc cref="Add(string, RecipeValue)"/>
    public RecipeBuilder AddSet(string name, params IEnumerable<string> values) =>
        Add(name, RecipeValue.OfSet(values.Select(RecipeValue.Of)));

    /// <summary>Adds a value.</summary>
    /// <param name="name">The component's name, 1 to <see cref="Recipe.MaxNameBytes"/> bytes of UTF-8.</param>
    /// <param name="value">Its value, at most <see cref="Recipe.MaxValueBytes"/> bytes.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">
    /// The name is empty, too long, not valid text or was given before, or the value is too long or no value.
    /// </exception>
    public RecipeBuilder Add(string name, RecipeValue value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var bytes = RecipeValue.EncodeText(name);
        if (bytes.Length > Recipe.MaxNameBytes)
        {
            throw new ArgumentException(
                $"A component's name takes at most {Recipe.MaxNameBytes} bytes, not {bytes.Length}.", nameof(name));
        }

        if (value.Type == 0)
        {
            throw new ArgumentException($"Component '{name}' has no value.", nameof(value));
        }

        CheckSize(name, value.Payload.Length);
        if (_components.Count == Recipe.MaxComponents)
        {
            throw new ArgumentException($"A recipe has at most {Recipe.MaxComponents} components.", nameof(name));
        }

        if (!_components.TryAdd(bytes, (name, value)))
        {
            throw new ArgumentException($"Component '{name}' was given twice.", nameof(name));
        }

        return this;
    }

    /// <summary>Makes the recipe.</summary>
    /// <exception cref="InvalidOperationException">It would take more than <see cref="Recipe.MaxEncodedBytes"/>.</exception>
    public Recipe Build()
    {
        var pairs = new List<(byte[] Name, RecipeValue Value)>(_components.Count);
        var components = ImmutableArray.CreateBuilder<RecipeComponent>(_components.Count);
        foreach (var (bytes, (name, value)) in _components)
        {
            pairs.Add((bytes, value));
            components.Add(new RecipeComponent(name, value));
        }

        var encoded = Recipe.Encode(_kind, _formatVersion, pairs);
        return new Recipe(_kind, _formatVersion, components.MoveToImmutable(), encoded);
    }

    private static void CheckSize(string name, int bytes)
    {
        if (bytes > Recipe.MaxValueBytes)
        {
            throw new ArgumentException(
                $"Component '{name}' takes {bytes} bytes; {Recipe.MaxValueBytes} is the most. Add its digest instead.",
                nameof(name));
        }
    }

    private sealed class ByteOrder : IComparer<byte[]>
    {
        public static readonly ByteOrder Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
