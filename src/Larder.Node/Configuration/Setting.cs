namespace Larder.Node.Configuration;

/// <summary>One thing that a node can be told: how it is called, read and shown.</summary>
internal sealed class Setting
{
    /// <summary>Its canonical name: words in lower case joined by hyphens, groups by points.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence for people.</summary>
    public required string Help { get; init; }

    /// <summary>What a value must look like; completes the sentence "NAME must be ...".</summary>
    public required string Form { get; init; }

    /// <summary>The value as text, without secrets.</summary>
    public required Func<NodeOptions, string> Show { get; init; }

    /// <summary>The options with the value taken over; null when the text is malformed.</summary>
    public required Func<NodeOptions, string, NodeOptions?> Apply { get; init; }

    /// <summary>An environment variable of another product's name that is honoured as well; null for none.</summary>
    public string? Alias { get; init; }

    /// <summary>Turns a value of <see cref="Alias"/> into one of this setting; null when they look alike.</summary>
    public Func<string, string>? FromAlias { get; init; }

    /// <summary>Whether values are secrets, which no message may repeat.</summary>
    public bool IsSecret { get; init; }

    /// <summary>
    /// The form in which names are compared, so that <c>keepAlive</c>, <c>keep-alive</c> and <c>KEEP_ALIVE</c> are one.
    /// </summary>
    public static string Normalize(string name)
    {
        var letters = name.Where(static letter => letter is not ('-' or '_')).ToArray();
        return new string(letters).ToLowerInvariant();
    }
}
