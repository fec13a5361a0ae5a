using System.Text.Json;

namespace Larder.Node.Configuration;

/// <summary>Reads a configuration file: JSON with comments, whose nesting becomes points in names.</summary>
internal static class ConfigurationFile
{
    /// <summary>The settings that the file makes, by name, in its order; problems are added as sentences.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(string path, List<string> problems)
    {
        var settings = new List<KeyValuePair<string, string>>();
        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllBytes(path),
                new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                Flatten(document.RootElement, string.Empty, settings);
            }
            else
            {
                problems.Add($"{path}: the file must hold one JSON object.");
            }
        }
        catch (JsonException exception)
        {
            problems.Add($"{path}, line {exception.LineNumber + 1}: this is not JSON: {exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problems.Add($"{path} cannot be read: {exception.Message}");
        }

        return settings;
    }

    private static void Flatten(JsonElement element, string name, List<KeyValuePair<string, string>> settings)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    Flatten(property.Value, name.Length == 0 ? property.Name : $"{name}.{property.Name}", settings);
                }

                break;
            case JsonValueKind.Array:
                settings.Add(new(name, string.Join(',', element.EnumerateArray().Select(Text))));
                break;
            default:
                settings.Add(new(name, Text(element)));
                break;
        }
    }

    private static string Text(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString()!, // Not null: the kind is String.
        JsonValueKind.Null => string.Empty,
        _ => element.GetRawText(),
    };
}
