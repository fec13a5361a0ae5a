namespace Larder.Wasm.Wasi;

/// <summary>A standard stream. It belongs to whoever granted it.</summary>
internal sealed class StreamDescriptor(Stream? stream, Rights rights, bool isTerminal)
    : Descriptor(isTerminal ? FileType.CharacterDevice : FileType.Unknown, rights | CommonRights, Rights.None)
{
    private const Rights CommonRights = Rights.Stat | Rights.Poll | Rights.SetFlags;

    public override Errno Read(Span<byte> bytes, out int count)
    {
        count = 0;
        try
        {
            count = stream?.Read(bytes) ?? 0;
            return Errno.Success;
        }
        catch (Exception exception) when (exception is IOException or NotSupportedException or ObjectDisposedException)
        {
            return Errno.Io;
        }
    }

    public override Errno Write(ReadOnlySpan<byte> bytes, out int count)
    {
        count = 0;
        try
        {
            stream?.Write(bytes);
            count = bytes.Length;
            return Errno.Success;
        }
        catch (Exception exception) when (exception is IOException or NotSupportedException or ObjectDisposedException)
        {
            return Errno.Io;
        }
    }
}
