using Larder.Cache.Artifacts;
using Microsoft.Extensions.Logging;

namespace Larder.Cache.Remote;

/// <summary>The log messages of the remote tier.</summary>
internal static partial class RemoteLog
{
    [LoggerMessage(300, LogLevel.Warning, "Remote store {Store} failed for {Key}: {Problem}")]
    public static partial void RequestFailed(ILogger logger, string store, ArtifactKey key, string problem);

    [LoggerMessage(301, LogLevel.Warning, "Remote store {Store} sent {Key} damaged: {Problem}")]
    public static partial void Damaged(ILogger logger, string store, ArtifactKey key, string problem);

    [LoggerMessage(302, LogLevel.Warning, "The upload of {Key} to remote store {Store} was given up: {Problem}")]
    public static partial void UploadGivenUp(ILogger logger, string store, ArtifactKey key, string problem);

    [LoggerMessage(303, LogLevel.Error, "An upload worker for remote store {Store} met an unexpected failure")]
    public static partial void WorkerFailed(ILogger logger, string store, Exception exception);
}
