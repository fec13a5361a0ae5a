using Larder.Cache.Artifacts;
using Microsoft.Extensions.Logging;

namespace Larder.Node;

/// <summary>Every line that the node logs.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Listening on {Address}; data in {DataDirectory}.")]
    public static partial void Started(ILogger logger, Uri address, string dataDirectory);

    [LoggerMessage(2, LogLevel.Information, "The index is complete after {Milliseconds:F0} ms.")]
    public static partial void Recovered(ILogger logger, double milliseconds);

    [LoggerMessage(3, LogLevel.Information, "Stopping: waiting for {InFlight} requests in flight.")]
    public static partial void Draining(ILogger logger, long inFlight);

    [LoggerMessage(4, LogLevel.Information, "Stopped.")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(5, LogLevel.Warning, "Requests were still in flight after {Deadline}; their connections were closed.")]
    public static partial void DrainTimedOut(ILogger logger, TimeSpan deadline);

    [LoggerMessage(6, LogLevel.Error, "Recovery failed; the node goes on without what it had not found yet.")]
    public static partial void RecoveryFailed(ILogger logger, Exception exception);

    [LoggerMessage(10, LogLevel.Warning, "Lookup of {Key} failed and was answered as a miss.")]
    public static partial void LookupFailed(ILogger logger, ArtifactKey key, Exception exception);

    [LoggerMessage(11, LogLevel.Warning, "Lookup of {Key} took longer than {Deadline} and was answered as a miss.")]
    public static partial void LookupTimedOut(ILogger logger, ArtifactKey key, TimeSpan deadline);

    [LoggerMessage(14, LogLevel.Error, "Lookup for {Path} blocks its thread past the deadline; a tier's medium does not answer.")]
    public static partial void LookupStuck(ILogger logger, string path);

    [LoggerMessage(12, LogLevel.Warning, "A hit could not be read.")]
    public static partial void ReadFailed(ILogger logger, Exception exception);

    [LoggerMessage(13, LogLevel.Warning, "Writing {Key} failed; the client goes on without it.")]
    public static partial void WriteFailed(ILogger logger, ArtifactKey key, Exception exception);

    [LoggerMessage(20, LogLevel.Error, "{Method} {Path} failed in a way that nobody foresaw.")]
    public static partial void RequestFailed(ILogger logger, string method, string path, Exception exception);

    [LoggerMessage(21, LogLevel.Information, "{Method} {Path} {Status} {Milliseconds:F1} ms")]
    public static partial void Access(ILogger logger, string method, string path, int status, double milliseconds);
}
