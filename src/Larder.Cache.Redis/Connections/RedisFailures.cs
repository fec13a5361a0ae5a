using Larder.Cache.Redis.Protocol;
using Larder.Cache.Remote;

namespace Larder.Cache.Redis.Connections;

/// <summary>The failures of a connection and of a server's answers, as the tier understands them.</summary>
internal static class RedisFailures
{
    /// <summary>A failure that took a whole time limit. Its cause is a <see cref="TimeoutException"/>, which tells it apart.</summary>
    public static CacheException Overdue(string what) =>
        new(CacheErrorKind.Remote, what, new TimeoutException(what)) { IsTransient = true };

    /// <summary>A failure that may not come again.</summary>
    public static CacheException Broken(string what, Exception? cause = null) =>
        new(CacheErrorKind.Remote, Redaction.Clean(what), cause) { IsTransient = true };

    /// <summary>A failure that will come again.</summary>
    public static CacheException Refused(string what, Exception? cause = null) =>
        new(CacheErrorKind.Remote, Redaction.Clean(what), cause);

    /// <summary>What a server answered instead of doing what it was asked.</summary>
    public static CacheException Answered(string server, string error)
    {
        var code = RedisWords.Code(error);
        var hint = code switch
        {
            "NOAUTH" or "WRONGPASS" => "; check the user and password",
            "NOPERM" => "; give this user rights to the keys and commands",
            _ => string.Empty,
        };
        return new CacheException(CacheErrorKind.Remote, Redaction.Clean($"{server} answered: {error}{hint}"))
        {
            IsTransient = code is "LOADING" or "BUSY" or "CLUSTERDOWN" or "TRYAGAIN" or "MASTERDOWN" or "READONLY" or "MOVED" or "ASK",
        };
    }
}
