namespace Larder.Fuse;

/// <summary>A mount cannot be made, taken over, served or ended.</summary>
public sealed class FuseException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">What it is about.</param>
    /// <param name="message">What went wrong and what to do.</param>
    /// <param name="errno">The kernel's error number; <see cref="FuseErrno.None"/> when no call failed.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public FuseException(
        FuseErrorKind kind,
        string message,
        FuseErrno errno = FuseErrno.None,
        Exception? innerException = null)
        : base(message, innerException)
    {
        Kind = kind;
        Errno = errno;
    }

    /// <summary>What it is about.</summary>
    public FuseErrorKind Kind { get; }

    /// <summary>The kernel's error number; <see cref="FuseErrno.None"/> when no call failed.</summary>
    public FuseErrno Errno { get; }
}
