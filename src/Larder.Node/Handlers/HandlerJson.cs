using System.Text.Json;
using Larder.Handlers.Contract;

namespace Larder.Node.Handlers;

/// <summary>The JSON in which contexts, limits and results travel: over HTTP, and in and out of the command.</summary>
public static class HandlerJson
{
    /// <summary>Reads a context, every member of which is optional.</summary>
    /// <param name="json">An object in camel case; undefined for an empty one.</param>
    /// <exception cref="FormatException">One sentence that says what is wrong.</exception>
    public static HandlerContext ReadContext(JsonElement json)
    {
        try
        {
            return ContextReader.Read(json, string.Empty);
        }
        catch (ApiException exception)
        {
            throw new FormatException(exception.Message, exception);
        }
    }

    /// <summary>Writes a result as one object.</summary>
    public static void Write(Utf8JsonWriter writer, HandlerResult result)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(result);
        ResultWriter.Write(writer, result);
    }

    /// <summary>Writes an error as one object.</summary>
    public static void WriteError(Utf8JsonWriter writer, HandlerError error)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(error);
        writer.WriteStartObject();
        ResultWriter.WriteErrorMembers(writer, error);
        writer.WriteEndObject();
    }

    /// <summary>The name of an error's code: upper case with underscores.</summary>
    public static string NameOf(HandlerErrorCode code) => ResultWriter.Name(code);

    /// <summary>The name of an origin in lower case.</summary>
    public static string NameOf(HandlerOrigin origin) => ResultWriter.Name(origin);
}
