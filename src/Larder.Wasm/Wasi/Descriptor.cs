namespace Larder.Wasm.Wasi;

/// <summary>Something open: what a number of the guest stands for.</summary>
internal abstract class Descriptor(FileType type, Rights rights, Rights inheriting) : IDisposable
{
    public FileType Type { get; } = type;

    /// <summary>What may be done with it. Only ever reduced.</summary>
    public Rights Rights { get; set; } = rights;

    /// <summary>The most that may be done with what is opened through it. Only ever reduced.</summary>
    public Rights Inheriting { get; set; } = inheriting;

    public DescriptorFlags Flags { get; set; }

    /// <summary>Its name in UTF-8 when it was granted from the start as a directory; else null.</summary>
    public byte[]? GrantedName { get; init; }

    /// <summary>Reads where it stands.</summary>
    public abstract Errno Read(Span<byte> bytes, out int count);

    /// <summary>Writes where it stands.</summary>
    public abstract Errno Write(ReadOnlySpan<byte> bytes, out int count);

    public virtual void Dispose()
    {
    }
}
