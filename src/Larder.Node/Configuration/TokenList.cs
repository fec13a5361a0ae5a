using System.Collections.Immutable;
using Larder.Node.Security;

namespace Larder.Node.Configuration;

/// <summary>Reads several tokens.</summary>
internal static class TokenList
{
    /// <summary>Reads tokens that are separated by commas or line breaks; false when one is malformed.</summary>
    public static bool TryParse(string text, out ImmutableArray<AccessToken> tokens)
    {
        tokens = [];
        var parsed = ImmutableArray.CreateBuilder<AccessToken>();
        foreach (var part in text.Split([',', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!AccessToken.TryParse(part, out var token, out _))
            {
                return false;
            }

            parsed.Add(token);
        }

        tokens = parsed.ToImmutable();
        return true;
    }

    /// <summary>Reads a file of tokens; adds one sentence to <paramref name="problems"/> for each line that is malformed.</summary>
    public static ImmutableArray<AccessToken> ReadFile(string path, List<string> problems)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problems.Add($"auth.tokens-file: {path} cannot be read: {exception.Message}");
            return [];
        }

        var tokens = ImmutableArray.CreateBuilder<AccessToken>();
        for (var index = 0; index < lines.Length; index++)
        {
            var line = lines[index].Split('#')[0].Trim();
            if (line.Length == 0)
            {
                continue;
            }

            if (AccessToken.TryParse(line, out var token, out var error))
            {
                tokens.Add(token);
            }
            else
            {
                problems.Add($"auth.tokens-file: {path}, line {index + 1}: {error}");
            }
        }

        return tokens.ToImmutable();
    }
}
