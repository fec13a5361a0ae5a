namespace Larder.Fuse.Wire;

/// <summary>Bits of INIT: the low word in flags, the high word in flags2.</summary>
[Flags]
internal enum Feature : ulong
{
    None = 0,
    AsyncRead = 1UL << 0,
    BigWrites = 1UL << 5,
    ReadDirectoryPlus = 1UL << 13,
    ReadDirectoryPlusAuto = 1UL << 14,
    AsyncDirectIo = 1UL << 15,
    NoOpenSupport = 1UL << 17,
    ParallelDirectories = 1UL << 18,
    MaxPages = 1UL << 22,
    CacheSymbolicLinks = 1UL << 23,
    NoOpenDirectorySupport = 1UL << 24,
    ExplicitInvalidation = 1UL << 25,
    Extended = 1UL << 30,
    Passthrough = 1UL << 37,
    Resend = 1UL << 39,
}
