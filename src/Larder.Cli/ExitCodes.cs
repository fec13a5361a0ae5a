using Larder.Cache;
using Larder.Fuse;
using Larder.Indexer;
using Larder.Oci;

namespace Larder.Cli;

/// <summary>What the command's exit codes mean, and which failure becomes which. docs/CLI.md lists them.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>It was tried and failed.</summary>
    public const int Failure = 1;

    /// <summary>The command line or the configuration is wrong; nothing was tried.</summary>
    public const int Usage = 2;

    /// <summary>What was asked for is not there.</summary>
    public const int NotFound = 3;

    /// <summary>Damaged artifacts were found, or a module that is not valid.</summary>
    public const int Damaged = 4;

    /// <summary>The node does not answer, or the directory cannot be opened.</summary>
    public const int Unreachable = 5;

    /// <summary>A WebAssembly program used up its time.</summary>
    public const int TimedOut = 124;

    /// <summary>Interrupted by a signal or by the caller.</summary>
    public const int Interrupted = 130;

    /// <summary>A WebAssembly program or indexer trapped; what the shell shows for programs that abort.</summary>
    public const int Trapped = 134;

    /// <summary>The exit code of a failure; null when it is a defect that deserves its stack trace.</summary>
    public static int? Of(Exception failure) => failure switch
    {
        CommandException command => command.ExitCode,
        OperationCanceledException => Interrupted,
        CacheException { Kind: CacheErrorKind.Configuration } => Usage,
        CacheException { Kind: CacheErrorKind.Unavailable or CacheErrorKind.Locked or CacheErrorKind.Remote } => Unreachable,
        CacheException { Kind: CacheErrorKind.Damaged or CacheErrorKind.UnknownFormat } => Damaged,
        OciException oci => Of(oci.Kind),
        FuseException { Kind: FuseErrorKind.Unavailable or FuseErrorKind.NotPermitted } => Unreachable,
        FuseException => Failure,
        IndexerException indexer => Of(indexer.Kind),
        CacheException or IOException or UnauthorizedAccessException => Failure,
        _ => null,
    };

    private static int Of(IndexerErrorKind kind) => kind switch
    {
        IndexerErrorKind.Configuration or IndexerErrorKind.RecipeMismatch => Usage,
        IndexerErrorKind.NoSuchHeight => NotFound,
        IndexerErrorKind.BadModule or IndexerErrorKind.BadBlock or IndexerErrorKind.Damaged => Damaged,
        IndexerErrorKind.GuestFailed => Trapped,
        IndexerErrorKind.Unavailable => Unreachable,
        _ => Failure,
    };

    private static int Of(OciErrorKind kind) => kind switch
    {
        OciErrorKind.InvalidReference or OciErrorKind.Configuration => Usage,
        OciErrorKind.NotFound => NotFound,
        OciErrorKind.DigestMismatch or OciErrorKind.InvalidLayer or OciErrorKind.InvalidManifest => Damaged,
        OciErrorKind.Unauthorized or OciErrorKind.Unavailable => Unreachable,
        _ => Failure,
    };
}
