using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Metadata;

namespace Larder.Wasm.Compilation;

/// <summary>What a token in a method's code stands for; tokens are known only when the assembly is put together.</summary>
internal enum TokenKind : byte
{
    /// <summary>A method outside of the assembly: <see cref="Relocation.Method"/>.</summary>
    Method,

    /// <summary>The code of a function that the module defines: its index among the defined ones.</summary>
    Function,

    /// <summary>The signature of a call through a pointer: an index into the module's types.</summary>
    Signature,

    /// <summary>A region of a split function: its number within the function.</summary>
    Region,

    /// <summary>The vector type.</summary>
    VectorType,
}

/// <summary>A token that is still to be written at <see cref="Position"/> of a method's code.</summary>
internal readonly record struct Relocation(int Position, TokenKind Kind, int Index, MethodBase? Method);

/// <summary>
/// Writes the code of one method. Labels are resolved by <see cref="Finish"/>; tokens are left to the assembly's writer.
/// Not thread safe; reusable after <see cref="Reset"/>.
/// </summary>
internal sealed class IlWriter
{
    private const int Unmarked = -1;

    private readonly List<(int Position, int Label, int Origin)> _branches = [];
    private readonly List<int> _labels = [];
    private readonly List<Relocation> _relocations = [];
    private readonly List<int> _later = [];
    private byte[] _code = new byte[4096];
    private int _length;
    private int _lastPush = Unmarked;

    /// <summary>Bytes written.</summary>
    public int Length => _length;

    /// <summary>Instructions written, as the JIT compiler counts them.</summary>
    public int Instructions { get; private set; }

    /// <summary>Loads and stores of locals and arguments written.</summary>
    public int LocalReferences { get; private set; }

    /// <summary>Basic blocks, once all labels are marked: what is branched to, and what follows a branch.</summary>
    public int Blocks
    {
        get
        {
            var starts = new HashSet<int>();
            foreach (var (_, label, origin) in _branches)
            {
                starts.Add(_labels[label]);
                starts.Add(origin);
            }

            return starts.Count + 1;
        }
    }

    public void Reset()
    {
        _branches.Clear();
        _labels.Clear();
        _relocations.Clear();
        _later.Clear();
        _length = 0;
        _lastPush = Unmarked;
        Instructions = 0;
        LocalReferences = 0;
    }

    public int NewLabel()
    {
        _labels.Add(Unmarked);
        return _labels.Count - 1;
    }

    public void Mark(int label)
    {
        _labels[label] = _length;
        _lastPush = Unmarked;
    }

    public void Op(ILOpCode opcode)
    {
        _lastPush = Unmarked;
        WriteOpcode(opcode);
    }

    public void Branch(ILOpCode opcode, int label)
    {
        Op(opcode);
        _branches.Add((_length, label, _length + 4));
        WriteInt32(0);
    }

    public void Switch(ReadOnlySpan<int> labels)
    {
        Op(ILOpCode.Switch);
        WriteInt32(labels.Length);
        var origin = _length + (4 * labels.Length);
        foreach (var label in labels)
        {
            _branches.Add((_length, label, origin));
            WriteInt32(0);
        }
    }

    public void LoadInt32(int value)
    {
        BeginPush();
        if (value is >= -1 and <= 8)
        {
            WriteOpcode((ILOpCode)((int)ILOpCode.Ldc_i4_0 + value));
        }
        else if (value is >= sbyte.MinValue and <= sbyte.MaxValue)
        {
            WriteOpcode(ILOpCode.Ldc_i4_s);
            WriteByte((byte)value);
        }
        else
        {
            WriteOpcode(ILOpCode.Ldc_i4);
            WriteInt32(value);
        }
    }

    /// <summary>Loads a number that <see cref="SetLater"/> tells when the method's code is there.</summary>
    public void LoadInt32Later()
    {
        Op(ILOpCode.Ldc_i4);
        _later.Add(_length);
        WriteInt32(0);
    }

    /// <summary>Tells the number.</summary>
    public void SetLater(int value)
    {
        foreach (var position in _later)
        {
            BinaryPrimitives.WriteInt32LittleEndian(_code.AsSpan(position), value);
        }
    }

    public void LoadInt64(long value)
    {
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            LoadInt32((int)value);
            var start = _lastPush;
            WriteOpcode(ILOpCode.Conv_i8);
            _lastPush = start;
        }
        else
        {
            BeginPush();
            WriteOpcode(ILOpCode.Ldc_i8);
            WriteInt64(value);
        }
    }

    public void LoadFloat32(float value)
    {
        BeginPush();
        WriteOpcode(ILOpCode.Ldc_r4);
        WriteInt32(BitConverter.SingleToInt32Bits(value));
    }

    public void LoadFloat64(double value)
    {
        BeginPush();
        WriteOpcode(ILOpCode.Ldc_r8);
        WriteInt64(BitConverter.DoubleToInt64Bits(value));
    }

    public void LoadArgument(int index)
    {
        BeginPush();
        Variable(ILOpCode.Ldarg_0, ILOpCode.Ldarg_s, ILOpCode.Ldarg, index);
    }

    public void StoreArgument(int index)
    {
        _lastPush = Unmarked;
        Variable(null, ILOpCode.Starg_s, ILOpCode.Starg, index);
    }

    public void LoadLocal(int index)
    {
        BeginPush();
        Variable(ILOpCode.Ldloc_0, ILOpCode.Ldloc_s, ILOpCode.Ldloc, index);
    }

    public void StoreLocal(int index)
    {
        _lastPush = Unmarked;
        Variable(ILOpCode.Stloc_0, ILOpCode.Stloc_s, ILOpCode.Stloc, index);
    }

    public void LoadLocalAddress(int index)
    {
        _lastPush = Unmarked;
        Variable(null, ILOpCode.Ldloca_s, ILOpCode.Ldloca, index);
    }

    public void Call(MethodBase method)
    {
        Op(ILOpCode.Call);
        WriteToken(TokenKind.Method, 0, method);
    }

    public void Token(ILOpCode opcode, TokenKind kind, int index = 0)
    {
        Op(opcode);
        WriteToken(kind, index, null);
    }

    /// <summary>Replaces an address by the value of this type at it.</summary>
    public void LoadIndirect(WasmType type)
    {
        switch (type)
        {
            case WasmType.I32:
                Op(ILOpCode.Ldind_i4);
                break;
            case WasmType.I64:
                Op(ILOpCode.Ldind_i8);
                break;
            case WasmType.F32:
                Op(ILOpCode.Ldind_r4);
                break;
            case WasmType.F64:
                Op(ILOpCode.Ldind_r8);
                break;
            case WasmType.V128:
                Call(RuntimeMethods.LoadVector);
                break;
            default:
                Op(ILOpCode.Ldind_i);
                break;
        }
    }

    /// <summary>Stores the value at the top at the address below it.</summary>
    public void StoreIndirect(WasmType type)
    {
        switch (type)
        {
            case WasmType.I32:
                Op(ILOpCode.Stind_i4);
                break;
            case WasmType.I64:
                Op(ILOpCode.Stind_i8);
                break;
            case WasmType.F32:
                Op(ILOpCode.Stind_r4);
                break;
            case WasmType.F64:
                Op(ILOpCode.Stind_r8);
                break;
            case WasmType.V128:
                Call(RuntimeMethods.StoreVector);
                break;
            default:
                Op(ILOpCode.Stind_i);
                break;
        }
    }

    /// <summary>
    /// Takes the last instruction back when all it does is push a constant, a local or an argument, so that something
    /// can be put in front of it; <see cref="Restore"/> writes it again.
    /// </summary>
    public bool TryTakePush(out PushedInstruction push)
    {
        if (_lastPush == Unmarked)
        {
            push = default;
            return false;
        }

        var length = _length - _lastPush;
        push = new PushedInstruction(length, 0, 0);
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        _code.AsSpan(_lastPush, length).CopyTo(bytes);
        push = new PushedInstruction(
            length,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
        _length = _lastPush;
        _lastPush = Unmarked;
        return true;
    }

    public void Restore(PushedInstruction push)
    {
        _lastPush = _length;
        Reserve(16);
        BinaryPrimitives.WriteUInt64LittleEndian(_code.AsSpan(_length), push.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(_code.AsSpan(_length + 8), push.High);
        _length += push.Length;
    }

    public void LoadArgumentAddress(int index)
    {
        _lastPush = Unmarked;
        Variable(null, ILOpCode.Ldarga_s, ILOpCode.Ldarga, index);
    }

    /// <summary>The finished code and its open tokens.</summary>
    public (byte[] Code, Relocation[] Relocations) Finish()
    {
        foreach (var (position, label, origin) in _branches)
        {
            BinaryPrimitives.WriteInt32LittleEndian(_code.AsSpan(position), _labels[label] - origin);
        }

        return (_code.AsSpan(0, _length).ToArray(), [.. _relocations]);
    }

    private void BeginPush() => _lastPush = _length;

    private void Variable(ILOpCode? tiny, ILOpCode small, ILOpCode large, int index)
    {
        LocalReferences++;
        if (tiny is { } first && index < 4)
        {
            WriteOpcode((ILOpCode)((int)first + index));
        }
        else if (index <= byte.MaxValue)
        {
            WriteOpcode(small);
            WriteByte((byte)index);
        }
        else
        {
            WriteOpcode(large);
            Reserve(2);
            BinaryPrimitives.WriteUInt16LittleEndian(_code.AsSpan(_length), (ushort)index);
            _length += 2;
        }
    }

    private void WriteToken(TokenKind kind, int index, MethodBase? method)
    {
        _relocations.Add(new Relocation(_length, kind, index, method));
        WriteInt32(0);
    }

    private void WriteOpcode(ILOpCode opcode)
    {
        Instructions++;
        Reserve(2);
        var number = (int)opcode;
        if (number > byte.MaxValue)
        {
            _code[_length++] = (byte)(number >> 8);
        }

        _code[_length++] = (byte)number;
    }

    private void WriteByte(byte value)
    {
        Reserve(1);
        _code[_length++] = value;
    }

    private void WriteInt32(int value)
    {
        Reserve(4);
        BinaryPrimitives.WriteInt32LittleEndian(_code.AsSpan(_length), value);
        _length += 4;
    }

    private void WriteInt64(long value)
    {
        Reserve(8);
        BinaryPrimitives.WriteInt64LittleEndian(_code.AsSpan(_length), value);
        _length += 8;
    }

    private void Reserve(int count)
    {
        if (_length + count > _code.Length)
        {
            Array.Resize(ref _code, (_length + count) * 2);
        }
    }
}

/// <summary>An instruction that <see cref="IlWriter.TryTakePush"/> took back: its bytes.</summary>
internal readonly record struct PushedInstruction(int Length, ulong Low, ulong High);
