using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Larder.Indexer.State;
using Larder.Wasm;

namespace Larder.Indexer.Guests;

/// <summary>
/// The host's side of one guest: what its calls do. docs/INDEXER-GUESTS.md has the contract. Everything that a guest can do
/// wrong is a trap of the guest; what the host cannot do is an exception that passes through it. For one thread.
/// </summary>
/// <remarks>
/// A pointer is the address of the first byte; the length lies in the four bytes before it, little endian. Addresses are
/// unsigned and are computed in 64 bits.
/// </remarks>
internal sealed class GuestHost(GuestLimits limits)
{
    // What calls cost in fuel beside the guest's own instructions, so that fuel bounds the time. Part of the engine's version.
    private const int CallFuel = 16;
    private const int ReadFuel = 512;
    private const int PairFuel = 256;
    private const int BytesPerFuel = 8;

    private const int MemoryMissing = int.MaxValue;

    private StateReader? _state;
    private ReadOnlyMemory<byte> _input;
    private uint _height;
    private bool _isDryRun;
    private WasmMemory? _memory;
    private GuestLog? _log;

    /// <summary>Whether the guest called anything since <see cref="Begin"/>.</summary>
    public bool WasCalled { get; private set; }

    /// <summary>What the guest gave as its reason to abort; null when it did not.</summary>
    public string? AbortReason { get; private set; }

    /// <summary>What a block has flushed; null in a view, whose flushes do nothing.</summary>
    public FlushStage? Flushed { get; private set; }

    /// <summary>How often a text was logged.</summary>
    public int LogLines => _log?.Lines ?? 0;

    /// <summary>What the next calls are about.</summary>
    public void Begin(in GuestInput input, FlushStage? flushed, GuestLog log)
    {
        _state = input.State;
        _input = input.Bytes;
        _height = input.Height;
        _isDryRun = input.IsDryRun;
        _log = log;
        Flushed = flushed;
        WasCalled = false;
        AbortReason = null;
    }

    /// <summary>Lets go of what <see cref="Begin"/> was given.</summary>
    public void End()
    {
        _state = null;
        _input = default;
        _log = null;
        Flushed = null;
    }

    /// <summary>Forgets the instance; the next one may have its memory elsewhere.</summary>
    public void Leave() => _memory = null;

    /// <summary><c>__host_len</c>: bytes of the height and the payload.</summary>
    public int HostLength(Instance caller)
    {
        Charge(caller, CallFuel);
        return sizeof(uint) + _input.Length;
    }

    /// <summary><c>__load_input</c>: writes the height, then the payload.</summary>
    public void LoadInput(Instance caller, int target)
    {
        var length = sizeof(uint) + _input.Length;
        Charge(caller, CallFuel + (length / BytesPerFuel));
        var window = Window(caller, (uint)target, length, "__load_input");
        BinaryPrimitives.WriteUInt32LittleEndian(window, _height);
        _input.Span.CopyTo(window[sizeof(uint)..]);
    }

    /// <summary><c>__get_len</c>: bytes of the value; 0 when there is none, the highest number when the key cannot be read.</summary>
    public int GetLength(Instance caller, int key)
    {
        Charge(caller, ReadFuel);
        return TryRead(caller, key, out var bytes) ? Value(bytes, "__get_len").Length : MemoryMissing;
    }

    /// <summary><c>__get</c>: writes the value; an absent key writes nothing, one that cannot be read the highest number before it.</summary>
    public void Get(Instance caller, int key, int target)
    {
        Charge(caller, ReadFuel);
        if (!TryRead(caller, key, out var bytes))
        {
            var mark = Window(caller, (ulong)(uint)target - sizeof(uint), sizeof(uint), "__get");
            BinaryPrimitives.WriteInt32LittleEndian(mark, MemoryMissing);
            return;
        }

        var value = Value(bytes, "__get");
        if (!value.IsEmpty)
        {
            Charge(caller, value.Length / BytesPerFuel);
            value.CopyTo(Window(caller, (uint)target, value.Length, "__get"));
        }
    }

    /// <summary><c>__flush</c>: stages a message; nothing in a view.</summary>
    public void Flush(Instance caller, int message)
    {
        Charge(caller, CallFuel);
        if (Flushed is null)
        {
            return;
        }

        if (!TryRead(caller, message, out var bytes))
        {
            throw Unreadable("__flush", message);
        }

        var pairs = Flushed.Pairs;
        Charge(caller, bytes.Length / BytesPerFuel);
        try
        {
            Flushed.Add(bytes);
        }
        catch (GuestDataException exception)
        {
            throw new HostTrapException($"__flush: {exception.Message}");
        }

        Charge(caller, (long)PairFuel * (Flushed.Pairs - pairs));
    }

    /// <summary><c>__log</c>: hands on a text; what is no text is passed over.</summary>
    public void Log(Instance caller, int text)
    {
        Charge(caller, CallFuel);
        if (TryRead(caller, text, out var bytes))
        {
            Charge(caller, bytes.Length / BytesPerFuel);
            _log?.Write(bytes);
        }
    }

    /// <summary><c>abort</c>: the run has failed; the guest goes on, commonly to an <c>unreachable</c>.</summary>
    public void Abort(Instance caller, int message, int file, int line, int column)
    {
        Charge(caller, CallFuel);
        AbortReason ??= $"\"{Text(caller, message)}\" at {Text(caller, file)}:{(uint)line}:{(uint)column}";
    }

    /// <summary><c>__is_dry_run</c>: 1 in a dry run, 0 otherwise.</summary>
    public int IsDryRun(Instance caller)
    {
        Charge(caller, CallFuel);
        return _isDryRun ? 1 : 0;
    }

    /// <summary>A copy of what a view answered.</summary>
    /// <exception cref="GuestDataException">It cannot be read, or is too long.</exception>
    public byte[] ReadResult(Instance instance, int pointer)
    {
        try
        {
            return !TryRead(instance, pointer, out var bytes)
                ? throw new GuestDataException($"it answered {(uint)pointer}, where nothing with a length before it can be read")
                : bytes.Length <= limits.ResultBytes
                ? bytes.ToArray()
                : throw new GuestDataException($"it answered {bytes.Length} bytes; the limit is {limits.ResultBytes}");
        }
        catch (HostTrapException exception)
        {
            throw new GuestDataException(exception.Message);
        }
    }

    private static HostTrapException Unreadable(string call, int pointer) =>
        new($"{call}: nothing with a length before it can be read at {(uint)pointer}");

    private ReadOnlySpan<byte> Value(ReadOnlySpan<byte> key, string call)
    {
        if (key.Length > limits.KeyBytes)
        {
            throw new HostTrapException($"{call}: a key may have {limits.KeyBytes} bytes, and this one has {key.Length}");
        }

        return _state is null ? [] : _state.Get(key);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Charge(Instance caller, long fuel)
    {
        WasCalled = true;
        var left = caller.Fuel - fuel;
        caller.Fuel = left;
        if (left < 0)
        {
            throw new HostTrapException(TrapKind.OutOfFuel, "out of fuel");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private WasmMemory Memory(Instance caller) => _memory ??= caller.Memories[0];

    // What lies at a pointer, with its length before it.
    private bool TryRead(Instance caller, int pointer, out ReadOnlySpan<byte> bytes)
    {
        var memory = Memory(caller);
        var address = (ulong)(uint)pointer;
        var size = memory.ByteLength;
        bytes = default;
        if (address < sizeof(uint) || address > size)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(memory.Span(address - sizeof(uint), sizeof(uint)));
        if (length > size - address)
        {
            return false;
        }

        if (length > int.MaxValue)
        {
            throw new HostTrapException($"{length} bytes at {address} are more than the host takes at once");
        }

        bytes = memory.Span(address, (int)length);
        return true;
    }

    private Span<byte> Window(Instance caller, ulong address, int length, string call)
    {
        var memory = Memory(caller);
        var size = memory.ByteLength;
        return address <= size && size - address >= (ulong)length
            ? memory.Span(address, length)
            : throw new HostTrapException(
                $"{call}: {length} bytes at {unchecked((long)address)} do not fit into the memory of {size} bytes");
    }

    // Text of AssemblyScript: UTF-16 with its length in bytes before it.
    private string Text(Instance caller, int pointer)
    {
        const int MostBytes = 1024;
        return pointer == 0 || !TryRead(caller, pointer, out var bytes)
            ? "?"
            : string.Create(
                Math.Min(bytes.Length, MostBytes) / sizeof(char),
                bytes,
                static (text, bytes) =>
                {
                    for (var index = 0; index < text.Length; index++)
                    {
                        // It goes into a message of one line.
                        var letter = (char)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * index)..]);
                        text[index] = char.IsControl(letter) ? ' ' : letter;
                    }
                });
    }
}
