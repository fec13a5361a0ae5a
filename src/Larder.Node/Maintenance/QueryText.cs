using System.Globalization;
using Larder.Cache.Artifacts;
using Larder.Node.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Maintenance;

/// <summary>
/// Reads the parameters of a query strictly: a parameter that is unknown or malformed is a sentence, because maintenance
/// that silently did something else than was asked would be worse than none. For one request.
/// </summary>
internal sealed class QueryText
{
    private readonly IQueryCollection _query;
    private readonly HashSet<string> _left;

    public QueryText(NodeRequest request)
    {
        _query = request.Http.Request.Query;
        _left = new HashSet<string>(_query.Keys, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>What was wrong first; null when nothing was.</summary>
    public string? Problem { get; private set; }

    /// <summary>Text, or null.</summary>
    public string? Text(string name)
    {
        _left.Remove(name);
        return _query.TryGetValue(name, out var value) ? value.ToString() : null;
    }

    /// <summary>A number that is not negative.</summary>
    public long Number(string name, long otherwise, long most = long.MaxValue)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= most)
        {
            return value;
        }

        Problem ??= most == long.MaxValue
            ? $"'{name}' must be a number that is not negative; it is '{text}'."
            : $"'{name}' must be a number from 0 to {most}; it is '{text}'.";
        return otherwise;
    }

    /// <summary>Yes or no; no when absent.</summary>
    public bool Switch(string name)
    {
        var text = Text(name);
        if (text is null or "false" or "0")
        {
            return false;
        }

        if (text is not ("true" or "1" or ""))
        {
            Problem ??= $"'{name}' must be true or false; it is '{text}'.";
        }

        return true;
    }

    /// <summary>A kind, or null.</summary>
    public ArtifactKind? Kind(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (ArtifactKind.TryParse(text, out var kind))
        {
            return kind;
        }

        Problem ??= $"'{name}' must be the name of a kind; it is '{text}'.";
        return null;
    }

    /// <summary>One of a few words; the first when absent.</summary>
    public string Word(string name, params ReadOnlySpan<string> words)
    {
        if (Text(name) is not { } text)
        {
            return words[0];
        }

        if (words.Contains(text))
        {
            return text;
        }

        Problem ??= $"'{name}' must be one of {string.Join(", ", words.ToArray())}; it is '{text}'.";
        return words[0];
    }

    /// <summary>Whether everything was understood; call it last.</summary>
    public bool IsUnderstood()
    {
        if (_left.Count > 0)
        {
            Problem ??= $"There is no parameter '{_left.First()}' here.";
        }

        return Problem is null;
    }
}
