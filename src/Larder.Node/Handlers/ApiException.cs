using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Larder.Node.Handlers;

/// <summary>Ends a request for handlers or panels with a status and the error envelope.</summary>
[SuppressMessage("Design", "CA1064:Exceptions should be public", Justification = "Never leaves the assembly: ApiAnswer turns it into an answer.")]
internal sealed class ApiException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="code">A word for programs, in upper case with underscores.</param>
    /// <param name="message">One sentence for people.</param>
    public ApiException(int status, string code, string message)
        : base(message)
    {
        Status = status;
        Code = code;
    }

    public int Status { get; }

    public string Code { get; }

    /// <summary>Writes what else there is to say, as the members of an object; null for nothing.</summary>
    public Action<Utf8JsonWriter>? Details { get; init; }

    public static ApiException BadRequest(string message) => new(400, "INVALID_ARGUMENT", message);

    public static ApiException NotFound(string code, string message) => new(404, code, message);

    public static ApiException Unavailable(string message) => new(503, "SERVICE_UNAVAILABLE", message);
}
