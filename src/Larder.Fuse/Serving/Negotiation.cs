using Larder.Fuse.Wire;

namespace Larder.Fuse.Serving;

/// <summary>Answers INIT: what the kernel offers, and of it what the options want.</summary>
internal static class Negotiation
{
    internal const uint Major = 7;
    internal const uint NewestMinor = 45;

    // The first with the present size of the answer; every kernel that .NET runs on is newer.
    internal const uint OldestMinor = 23;

    private const int PageSize = 4096;
    private const int MaxBackground = 512;

    // The kernel wants room for a write of at least one page, though there are none.
    private const int MaxWrite = PageSize;

    /// <summary>The answer, and what is agreed on; null when there is no common protocol.</summary>
    internal static (InitOut Answer, FuseConnection Connection)? Agree(in InitIn offer, FuseMountOptions options)
    {
        if (offer.Major != Major || offer.Minor < OldestMinor)
        {
            return null;
        }

        var offered = (Feature)offer.Flags;
        if ((offered & Feature.Extended) != 0)
        {
            offered |= (Feature)((ulong)offer.Flags2 << 32);
        }

        var features = Choose(offered, options);
        var minor = Math.Min(offer.Minor, NewestMinor);
        var maxPages = (features & Feature.MaxPages) != 0
            ? Math.Clamp(options.MaxReadBytes / PageSize, 1, 256)
            : 32;
        var passthrough = (features & Feature.Passthrough) != 0;
        var answer = new InitOut
        {
            Major = Major,
            Minor = minor,
            MaxReadAhead = options.ReadAheadBytes > 0 ? (uint)options.ReadAheadBytes : offer.MaxReadAhead,
            Flags = (uint)(ulong)features,
            Flags2 = (uint)((ulong)features >> 32),
            MaxBackground = MaxBackground,
            CongestionThreshold = MaxBackground * 3 / 4,
            MaxWrite = MaxWrite,
            TimeGranularity = 1,
            MaxPages = (features & Feature.MaxPages) != 0 ? (ushort)maxPages : (ushort)0,
            MaxStackDepth = passthrough ? (uint)Math.Clamp(options.MaxStackDepth, 1, 2) : 0,
        };

        return (answer, new FuseConnection
        {
            Minor = (int)minor,
            MaxReadBytes = Math.Min(maxPages * PageSize, options.MaxReadBytes),
            Passthrough = passthrough,
            NoOpen = options.NoOpen && (features & Feature.NoOpenSupport) != 0,
            Resend = (features & Feature.Resend) != 0,
            Features = (ulong)features,
        });
    }

    private static Feature Choose(Feature offered, FuseMountOptions options)
    {
        var wanted = Feature.AsyncRead | Feature.BigWrites | Feature.AsyncDirectIo | Feature.ParallelDirectories
            | Feature.MaxPages | Feature.ExplicitInvalidation | Feature.Extended | Feature.Resend;
        if (options.ReadDirectoryPlus)
        {
            wanted |= Feature.ReadDirectoryPlus | Feature.ReadDirectoryPlusAuto;
        }

        if (options.CacheSymbolicLinks)
        {
            wanted |= Feature.CacheSymbolicLinks;
        }

        if (options.NoOpen)
        {
            wanted |= Feature.NoOpenSupport;
        }
        else if (options.Passthrough)
        {
            wanted |= Feature.Passthrough;
        }

        if (options.NoOpenDirectory)
        {
            wanted |= Feature.NoOpenDirectorySupport;
        }

        return offered & wanted;
    }
}
