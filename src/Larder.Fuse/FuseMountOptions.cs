using Larder.Fuse.Takeover;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Fuse;

/// <summary>Where and how a file system is mounted. The defaults suit a tree that never changes.</summary>
public sealed record FuseMountOptions
{
    /// <summary>The directory to mount on; it must exist.</summary>
    public required string MountPoint { get; init; }

    /// <summary>What stands in the first column of the mount table. Default <c>larder</c>.</summary>
    public string Source { get; init; } = "larder";

    /// <summary>The type after <c>fuse.</c> in the mount table. Default <c>larder</c>.</summary>
    public string Subtype { get; init; } = "larder";

    /// <summary>Whether other users than the one that mounts may use the mount. Default true.</summary>
    public bool AllowOther { get; init; } = true;

    /// <summary>Whether the kernel checks permission bits itself. Default true.</summary>
    public bool DefaultPermissions { get; init; } = true;

    /// <summary>Whether the kernel refuses changes. Default true; the file system is asked for reads only either way.</summary>
    public bool ReadOnly { get; init; } = true;

    /// <summary>Whether set-user-id bits and file capabilities are ignored. Default false.</summary>
    public bool NoSetUserId { get; init; }

    /// <summary>Whether device nodes cannot be opened. Default false.</summary>
    public bool NoDevices { get; init; }

    /// <summary>Threads that serve requests; 0, the default, takes one a processor, at least 2 and at most 4.</summary>
    public int Threads { get; init; }

    /// <summary>The largest read the kernel asks for, in bytes; a multiple of the page size. Default 1 MiB, the maximum too.</summary>
    public int MaxReadBytes { get; init; } = 1024 * 1024;

    /// <summary>How far the kernel reads ahead, in bytes; 0 keeps its default of 128 KiB. Default 1 MiB.</summary>
    public int ReadAheadBytes { get; init; } = 1024 * 1024;

    /// <summary>How long the kernel may keep a name. Default one day.</summary>
    public TimeSpan EntryTtl { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How long the kernel may keep attributes. Default one day.</summary>
    public TimeSpan AttributesTtl { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How long the kernel may remember that a name is missing; zero forbids it. Default one day.</summary>
    public TimeSpan NegativeTtl { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Whether the kernel may cache targets of symbolic links. Default true.</summary>
    public bool CacheSymbolicLinks { get; init; } = true;

    /// <summary>Whether listing a directory may fetch attributes too, when the kernel thinks that it pays. Default true.</summary>
    public bool ReadDirectoryPlus { get; init; } = true;

    /// <summary>
    /// Whether files are read without being opened at the file system: one round trip less for each open, for the whole
    /// mount, and no passthrough. Reads then carry the handle 0. Default false.
    /// </summary>
    public bool NoOpen { get; init; }

    /// <summary>Whether directories are read without being opened at the file system; they carry the handle 0. Default true.</summary>
    public bool NoOpenDirectory { get; init; } = true;

    /// <summary>
    /// Whether the file system has extended attributes. When false the kernel never asks again for any. Default true.
    /// </summary>
    public bool ExtendedAttributes { get; init; } = true;

    /// <summary>Whether the kernel may read backing files by itself where kernel and rights allow it. Default true.</summary>
    public bool Passthrough { get; init; } = true;

    /// <summary>
    /// How many file systems may be stacked below for passthrough: 1, the default, wants backing files on an ordinary file
    /// system and allows an overlay above the mount; 2 allows backing files on an overlay and nothing above.
    /// </summary>
    public int MaxStackDepth { get; init; } = 1;

    /// <summary>How many backing files stay known to the kernel while nobody has them open. Default 4,096.</summary>
    public int IdleBackings { get; init; } = 4096;

    /// <summary>How long a backing file stays known to the kernel while nobody has it open. Default one minute.</summary>
    public TimeSpan IdleBackingTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A request that the file system has not answered for so long is answered with EIO. Default five minutes.</summary>
    public TimeSpan RequestDeadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long unmounting waits for files that are still open, before the connection is cut. Default ten seconds.</summary>
    public TimeSpan UnmountDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long mounting waits for the kernel's first word. Default 30 seconds.</summary>
    public TimeSpan MountDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The process that keeps the mount's descriptors while this one is replaced; null when the mount ends with this process.
    /// </summary>
    public MountKeeperClient? Keeper { get; init; }

    /// <summary>What a successor needs to know to make the same file system again; kept with the descriptors. At most 64 KiB.</summary>
    public ReadOnlyMemory<byte> KeptState { get; init; }

    /// <summary>Where failures are told. Nowhere by default.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
