namespace Larder.Cache.Redis.Protocol;

/// <summary>What the first word of an error means.</summary>
internal static class RedisWords
{
    /// <summary>The first word of an error.</summary>
    public static string Code(string error)
    {
        var end = error.IndexOf(' ', StringComparison.Ordinal);
        return end < 0 ? error : error[..end];
    }

    /// <summary>Whether the key holds a value of another type.</summary>
    public static bool IsWrongType(string error) => Code(error) == "WRONGTYPE";

    /// <summary>Whether the server does not know, or does not permit, the command at all.</summary>
    public static bool IsUnknownCommand(string error) =>
        Code(error) == "NOPERM"
        || error.Contains("unknown command", StringComparison.OrdinalIgnoreCase)
        || error.Contains("disabled", StringComparison.OrdinalIgnoreCase)
        || error.Contains("not enabled", StringComparison.OrdinalIgnoreCase);
}
