using System.Buffers;
using System.Runtime.InteropServices;

namespace Larder.Symbols.Modules;

/// <summary>The bytes of a module in memory outside the garbage collector's, freed when disposed. Owned by one thread.</summary>
internal sealed unsafe class ModuleBytes : IDisposable
{
    private byte* _address;

    /// <summary>Makes room.</summary>
    public ModuleBytes(int length)
    {
        _address = (byte*)NativeMemory.Alloc((nuint)Math.Max(1, length));
        Length = length;
    }

    /// <summary>Copies bytes.</summary>
    public ModuleBytes(ReadOnlySpan<byte> bytes)
        : this(bytes.Length) => bytes.CopyTo(Span);

    ~ModuleBytes() => Dispose(false);

    public byte* Address => _address;

    /// <summary>How many there are; may be made smaller.</summary>
    public int Length { get; set; }

    public Span<byte> Span => new(_address, Length);

    /// <summary>The same bytes as memory, valid until this is disposed.</summary>
    public MemoryManager<byte> AsMemory() => new Manager(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    private void Dispose(bool disposing)
    {
        _ = disposing;
        NativeMemory.Free(_address);
        _address = null;
    }

    private sealed class Manager(ModuleBytes bytes) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => bytes.Span;

        public override MemoryHandle Pin(int elementIndex = 0) => new(bytes._address + elementIndex, default, this);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
