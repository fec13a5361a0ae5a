using Larder.Fuse.Native;

namespace Larder.Fuse.Serving;

/// <summary>
/// One descriptor of a connection: requests are read from it and must be answered on it. It is never closed while a thread may
/// still read from it, because the number could by then stand for another file.
/// </summary>
internal sealed unsafe class FuseChannel(int descriptor) : IDisposable
{
    private int _closed;

    internal int Descriptor { get; } = descriptor;

    /// <summary>Opens another descriptor of a connection, so that threads do not queue for one; the caller owns it.</summary>
    internal static bool TryClone(int descriptor, out int clone)
    {
        clone = Libc.Open(Mounting.MountPoint.Device, Libc.OpenReadWrite | Libc.OpenCloseOnExec);
        if (clone < 0)
        {
            return false;
        }

        if (Libc.Control(clone, Libc.DeviceClone, &descriptor) == 0)
        {
            return true;
        }

        _ = Libc.Close(clone);

        return false;
    }

    /// <summary>Reads one request.</summary>
    /// <returns>Its length, 0 at the end, or an error number below 0.</returns>
    internal int Read(byte* buffer, int capacity)
    {
        var length = Libc.Read(Descriptor, buffer, capacity);

        return length >= 0 ? (int)length : -(int)Libc.LastError;
    }

    /// <summary>Writes one message that lies in one piece.</summary>
    /// <returns>False when the request is gone, or the connection.</returns>
    internal bool Write(byte* message, int length)
    {
        while (Libc.Write(Descriptor, message, length) != length)
        {
            if (Libc.LastError != FuseErrno.Interrupted)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes one message that lies in two pieces.</summary>
    /// <returns>False when the request is gone, or the connection.</returns>
    internal bool Write(byte* head, int headLength, ReadOnlySpan<byte> body)
    {
        fixed (byte* data = body)
        {
            var vectors = stackalloc Libc.Vector[2];
            vectors[0] = new Libc.Vector { Base = head, Length = headLength };
            vectors[1] = new Libc.Vector { Base = data, Length = body.Length };
            while (Libc.WriteVector(Descriptor, vectors, body.IsEmpty ? 1 : 2) != headLength + body.Length)
            {
                if (Libc.LastError != FuseErrno.Interrupted)
                {
                    return false;
                }
            }
        }

        return true;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            _ = Libc.Close(Descriptor);
        }
    }
}
