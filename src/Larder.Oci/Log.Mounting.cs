using Larder.Cache.Fingerprints;
using Microsoft.Extensions.Logging;

namespace Larder.Oci;

/// <summary>What mounts of images say. Numbers 960 to 979.</summary>
internal static partial class Log
{
    [LoggerMessage(960, LogLevel.Warning, "Image: object {Digest} of {Source} cannot be had now and is asked for again in {Seconds} s: {Reason}")]
    public static partial void ObjectRetried(ILogger logger, Fingerprint digest, string source, double seconds, string reason);

    [LoggerMessage(961, LogLevel.Error, "Image: {Path} cannot be read.")]
    public static partial void ReadFailed(ILogger logger, Exception exception, string path);

    [LoggerMessage(962, LogLevel.Information, "Image: {Reference} is mounted on {MountPoint}: {Nodes} nodes of {Layers} layers, ready after {Milliseconds} ms.")]
    public static partial void ImageMounted(ILogger logger, string reference, string mountPoint, int nodes, int layers, double milliseconds);

    [LoggerMessage(963, LogLevel.Information, "Image: {Reference} on {MountPoint} is served on.")]
    public static partial void ImageResumed(ILogger logger, string reference, string mountPoint);
}
