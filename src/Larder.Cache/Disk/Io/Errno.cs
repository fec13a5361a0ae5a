namespace Larder.Cache.Disk.Io;

/// <summary>The operating system's error numbers that the disk tier tells apart; <see cref="None"/> is success.</summary>
internal enum Errno
{
    None = 0,
    NotPermitted = 1,
    NoEntry = 2,
    Interrupted = 4,
    Io = 5,
    Again = 11,
    NoMemory = 12,
    Access = 13,
    Exists = 17,
    CrossDevice = 18,
    NotDirectory = 20,
    IsDirectory = 21,
    Invalid = 22,
    TooManyInSystem = 23,
    TooManyOpen = 24,
    NoSpace = 28,
    ReadOnly = 30,
    NotImplemented = 38,
    NotEmpty = 39,
    SymbolicLink = 40,
    NotSupported = 95,
    Quota = 122,
}

/// <summary>What the tier does about an error number.</summary>
internal static class ErrnoExtensions
{
    /// <summary>Whether room was short.</summary>
    public static bool IsNoSpace(this Errno error) => error is Errno.NoSpace or Errno.Quota;

    /// <summary>Whether the directory may not be written at all.</summary>
    public static bool IsReadOnly(this Errno error) => error is Errno.ReadOnly or Errno.Access or Errno.NotPermitted;

    /// <summary>Whether nothing that could be an entry lies at the path: absent, or not a plain file's directory.</summary>
    public static bool IsAbsent(this Errno error) => error is Errno.NoEntry or Errno.NotDirectory;
}
