using System.Runtime.InteropServices;
using Larder.Fuse.Native;
using Larder.Fuse.Passthrough;

namespace Larder.Fuse.Takeover;

/// <summary>
/// What a successor must know of a mount: what was negotiated, which nodes are open and how, and what the file system wants to
/// be kept. It lies in memory that has a descriptor, so that it outlives a killed process with no message sent: what was stored
/// is there. Layout: <c>Header</c>, 64 KiB of the file system's own, rows.
/// </summary>
internal sealed unsafe class MountState : IDisposable
{
    internal const int MaxKeptBytes = 64 * 1024;

    private const ulong Mark = 0x3145_5355_4652_444C; // "LDRFUSE1"
    private const int RowCount = 64 * 1024;

    private readonly byte* _memory;

    private MountState(int descriptor, byte* memory)
    {
        Descriptor = descriptor;
        _memory = memory;
    }

    internal int Descriptor { get; }

    internal Span<BackingRow> Rows => new(_memory + RowsAt, RowCount);

    internal bool IsNegotiated => Volatile.Read(ref Head.Minor) != 0;

    internal ReadOnlySpan<byte> Kept => new(_memory + KeptAt, Math.Clamp(Head.KeptLength, 0, MaxKeptBytes));

    private static int KeptAt => 4096;

    private static int RowsAt => KeptAt + MaxKeptBytes;

    private static int Length => RowsAt + (RowCount * sizeof(BackingRow));

    private ref Header Head => ref *(Header*)_memory;

    internal static MountState Create(ReadOnlySpan<byte> kept)
    {
        if (kept.Length > MaxKeptBytes)
        {
            throw new ArgumentException($"At most {MaxKeptBytes} bytes are kept for a file system.", nameof(kept));
        }

        var descriptor = Libc.CreateMemory("larder-fuse", Libc.MemoryCloseOnExec);
        if (descriptor < 0 || Libc.Truncate(descriptor, Length) != 0)
        {
            throw new FuseException(FuseErrorKind.Kernel, "Memory for the state of a mount cannot be had.", Libc.LastError);
        }

        var state = Map(descriptor);
        kept.CopyTo(new Span<byte>(state._memory + KeptAt, MaxKeptBytes));
        state.Head.KeptLength = kept.Length;
        state.Head.Mark = Mark;

        return state;
    }

    /// <summary>Opens the state that another process has left.</summary>
    internal static MountState Open(int descriptor)
    {
        var state = Map(descriptor);
        if (state.Head.Mark != Mark)
        {
            state.Dispose();
            throw new FuseException(FuseErrorKind.Keeper, "The state of the mount was written by another version; unmount it and mount again.");
        }

        return state;
    }

    internal void StoreNegotiated(FuseConnection connection)
    {
        Head.MaxReadBytes = connection.MaxReadBytes;
        Head.Features = connection.Features;
        Head.NoOpen = connection.NoOpen ? 1 : 0;
        Volatile.Write(ref Head.Minor, connection.Minor);
    }

    internal FuseConnection ReadNegotiated() => new()
    {
        Minor = Head.Minor,
        MaxReadBytes = Head.MaxReadBytes,
        Features = Head.Features,
        NoOpen = Head.NoOpen != 0,
        Passthrough = (Head.Features & (ulong)Wire.Feature.Passthrough) != 0,
        Resend = (Head.Features & (ulong)Wire.Feature.Resend) != 0,
    };

    public void Dispose()
    {
        _ = Libc.Unmap((nint)_memory, Length);
        _ = Libc.Close(Descriptor);
    }

    private static MountState Map(int descriptor)
    {
        var memory = Libc.Map(0, Length, Libc.ProtectRead | Libc.ProtectWrite, Libc.MapShared, descriptor, 0);
        if (memory == -1)
        {
            var error = Libc.LastError;
            _ = Libc.Close(descriptor);
            throw new FuseException(FuseErrorKind.Kernel, "The state of a mount cannot be mapped.", error);
        }

        return new MountState(descriptor, (byte*)memory);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        public ulong Mark;
        public ulong Features;
        public int Minor;
        public int MaxReadBytes;
        public int NoOpen;
        public int KeptLength;
    }
}
