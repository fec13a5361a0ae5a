using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Larder.Cache.Memory;

namespace Larder.Cache.Arenas;

/// <summary>
/// A private anonymous mapping, committed page by page when it is created, with a page that nobody may touch on either
/// side. Begins at a multiple of 2 MiB, so that huge pages fit. Its address and size never change.
/// </summary>
internal sealed unsafe class ArenaRegion : IDisposable
{
    private const long Alignment = 2 * 1024 * 1024;

    // How much is committed between two looks at what the machine has left.
    private const long CommitStep = 64 * 1024 * 1024;
    private const int SampledPages = 4096;

    private readonly nint _mapping;
    private readonly nuint _mappingLength;
    private int _unmapped;

    /// <summary>Reserves, commits and verifies a region.</summary>
    /// <exception cref="CacheException">It cannot be had; the message says why and what to do.</exception>
    public ArenaRegion(ArenaOptions options, MachineMemory machine)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw Unavailable(options.SizeBytes, "this operating system is not Linux. Run without an arena");
        }

        var started = Stopwatch.GetTimestamp();
        var page = Environment.SystemPageSize;
        SizeBytes = (options.SizeBytes + page - 1) / page * page;
        RequireHeadroom(machine, SizeBytes, SizeBytes);
        _mappingLength = (nuint)(SizeBytes + Alignment + (2L * page));
        _mapping = ArenaNative.Map(0, _mappingLength, ArenaNative.ProtectNone, ArenaNative.MapPrivateAnonymousNoReserve, -1, 0);
        if (_mapping == -1)
        {
            throw Failed(SizeBytes, "mmap", machine);
        }

        try
        {
            Address = (nint)((_mapping + page + Alignment - 1) / Alignment * Alignment);
            if (ArenaNative.Protect(Address, (nuint)SizeBytes, ArenaNative.ProtectReadWrite) != 0)
            {
                throw Failed(SizeBytes, "mprotect", machine);
            }

            Prepare(options, machine);
            Commit(machine, page);
            if (options.LockPages && ArenaNative.Lock(Address, (nuint)SizeBytes) != 0)
            {
                throw Failed(SizeBytes, "mlock", machine);
            }

            Verify();
        }
        catch
        {
            Dispose();
            throw;
        }

        StartTime = Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Address of the first byte.</summary>
    public nint Address { get; }

    /// <summary>Length in bytes; whole pages.</summary>
    public long SizeBytes { get; }

    /// <summary>How long reserving, committing and verifying took.</summary>
    public TimeSpan StartTime { get; }

    /// <summary>Asks the kernel what is in memory, and where.</summary>
    public ArenaCommitment GetCommitment()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _unmapped) != 0, this);
        var (huge, locked, swapped) = ReadMappingFigures();
        return new ArenaCommitment
        {
            SizeBytes = SizeBytes,
            ResidentBytes = CountResident(),
            HugePageBytes = huge,
            LockedBytes = locked,
            SwappedBytes = swapped,
            Nodes = SampleNodes(),
        };
    }

    /// <summary>Gives the region back to the kernel. Nobody may read it any more.</summary>
    public void Dispose()
    {
        if (_mapping != -1 && Interlocked.Exchange(ref _unmapped, 1) == 0)
        {
            _ = ArenaNative.Unmap(_mapping, _mappingLength);
        }
    }

    private static void RequireHeadroom(MachineMemory machine, long needed, long size)
    {
        var headroom = machine.ReadHeadroom();
        if (headroom.Bytes < needed)
        {
            throw Unavailable(
                size,
                $"{ByteText.Of(headroom.Bytes)} can still be had ({headroom.LimitedBy}). Lower the arena size or raise that limit");
        }
    }

    private static CacheException Failed(long size, string call, MachineMemory machine)
    {
        var error = Marshal.GetLastPInvokeError();
        var hint = (call, error) switch
        {
            ("mlock", ArenaNative.ErrorNoMemory or ArenaNative.ErrorNotPermitted) =>
                $"the limit of locked memory is {machine.DescribeLimit("Max locked memory")} (ulimit -l). Raise it or do not lock pages",
            (_, ArenaNative.ErrorNoMemory) =>
                $"the limits are: address space {machine.DescribeLimit("Max address space")} (ulimit -v), {machine.DescribeOvercommit()}. "
                + "Lower the arena size or raise them",
            _ => "see that error for what to do",
        };
        return Unavailable(size, $"{call} failed with '{Marshal.GetPInvokeErrorMessage(error)}'; {hint}");
    }

    private static CacheException Unavailable(long size, string reason) =>
        new(CacheErrorKind.Unavailable, $"The arena of {ByteText.Of(size)} cannot be had: {reason}.");

    private void Prepare(ArenaOptions options, MachineMemory machine)
    {
        var name = stackalloc byte[] { (byte)'l', (byte)'a', (byte)'r', (byte)'d', (byte)'e', (byte)'r', 0 };
        ArenaNative.Name(Address, (nuint)SizeBytes, (nint)name);
        if (options.HugePages != ArenaHugePages.System)
        {
            // A kernel without huge pages refuses this advice, which changes nothing then.
            var advice = options.HugePages == ArenaHugePages.Advise ? ArenaNative.AdviseHugePage : ArenaNative.AdviseNoHugePage;
            _ = ArenaNative.Advise(Address, (nuint)SizeBytes, advice);
        }

        if (options.NumaNode is { } node)
        {
            BindTo(options.SizeBytes, machine, ArenaNative.PolicyBind, [node]);
        }
        else if (options.NumaInterleave)
        {
            BindTo(options.SizeBytes, machine, ArenaNative.PolicyInterleave, machine.ReadNumaNodes());
        }
    }

    private void BindTo(long size, MachineMemory machine, int policy, IReadOnlyList<int> nodes)
    {
        var present = machine.ReadNumaNodes();
        var mask = 0ul;
        foreach (var node in nodes)
        {
            if (node > 63 || !present.Contains(node))
            {
                throw Unavailable(size, $"NUMA node {node} is not among this machine's nodes ({string.Join(", ", present)})");
            }

            mask |= 1ul << node;
        }

        if (ArenaNative.Bind(Address, (nuint)SizeBytes, policy, mask) != 0)
        {
            var error = Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
            throw Unavailable(size, $"the kernel refuses the NUMA placement ('{error}'). Leave the placement to the kernel");
        }
    }

    // Asking the kernel to populate reports a shortage as an error where touching would kill the process; the write to
    // every page then also serves kernels that cannot populate.
    private void Commit(MachineMemory machine, int page)
    {
        for (var offset = 0L; offset < SizeBytes; offset += CommitStep)
        {
            RequireHeadroom(machine, SizeBytes - offset, SizeBytes);
            var length = Math.Min(CommitStep, SizeBytes - offset);
            if (ArenaNative.Advise(Address + (nint)offset, (nuint)length, ArenaNative.AdvisePopulateWrite) != 0
                && Marshal.GetLastPInvokeError() != ArenaNative.ErrorInvalid)
            {
                throw Failed(SizeBytes, "madvise", machine);
            }

            for (var at = 0L; at < length; at += page)
            {
                Volatile.Write(ref *(byte*)(Address + (nint)(offset + at)), 0);
            }
        }
    }

    private void Verify()
    {
        ReadOnlySpan<long> ends = [0, SizeBytes - 1];
        foreach (var at in ends)
        {
            ref var cell = ref *(byte*)(Address + (nint)at);
            Volatile.Write(ref cell, 0xA5);
            var kept = Volatile.Read(ref cell) == 0xA5;
            Volatile.Write(ref cell, 0);
            if (!kept)
            {
                throw Unavailable(SizeBytes, $"byte {at} does not keep what is written to it. Check the machine's memory");
            }
        }
    }

    private long CountResident()
    {
        const int Pages = 16 * 1024;
        var page = Environment.SystemPageSize;
        var present = new byte[Pages];
        var resident = 0L;
        fixed (byte* vector = present)
        {
            for (var offset = 0L; offset < SizeBytes; offset += (long)Pages * page)
            {
                var length = Math.Min((long)Pages * page, SizeBytes - offset);
                if (ArenaNative.InCore(Address + (nint)offset, (nuint)length, vector) != 0)
                {
                    continue;
                }

                for (var at = 0; at < length / page; at++)
                {
                    resident += (present[at] & 1) * page;
                }
            }
        }

        return resident;
    }

    // The pages on either side have another protection, so the kernel keeps the region as a mapping of its own.
    private (long Huge, long Locked, long Swapped) ReadMappingFigures()
    {
        (long Huge, long Locked, long Swapped) figures = (-1, -1, -1);
        try
        {
            var inside = false;
            foreach (var line in File.ReadLines("/proc/self/smaps"))
            {
                var dash = line.IndexOf('-', StringComparison.Ordinal);
                if (dash > 0 && nint.TryParse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var start))
                {
                    if (inside)
                    {
                        break;
                    }

                    inside = start == Address;
                }
                else if (inside)
                {
                    figures.Huge = Figure(line, "AnonHugePages:") ?? figures.Huge;
                    figures.Locked = Figure(line, "Locked:") ?? figures.Locked;
                    figures.Swapped = Figure(line, "Swap:") ?? figures.Swapped;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A hardened /proc says nothing; the figures stay unknown.
        }

        return figures;
    }

    private static long? Figure(string line, string name) =>
        line.StartsWith(name, StringComparison.Ordinal)
        && long.TryParse(line.AsSpan(name.Length).Trim().TrimEnd(" kB"), CultureInfo.InvariantCulture, out var kibibytes)
            ? kibibytes * 1024
            : null;

    private List<ArenaNodeBytes> SampleNodes()
    {
        var page = Environment.SystemPageSize;
        var pages = SizeBytes / page;
        var count = (int)Math.Min(SampledPages, pages);
        var addresses = new nint[count];
        var status = new int[count];
        for (var sample = 0; sample < count; sample++)
        {
            addresses[sample] = Address + (nint)((long)((Int128)pages * sample / count) * page);
        }

        if (ArenaNative.QueryNodes(addresses, status) != 0)
        {
            return [];
        }

        return [.. status.Where(node => node >= 0).CountBy(node => node).OrderBy(node => node.Key)
            .Select(node => new ArenaNodeBytes(node.Key, (long)((Int128)SizeBytes * node.Value / count)))];
    }
}
