using Larder.Wasm.Validation;

namespace Larder.Tests.Wasm.Generation;

// Constants, and what reads and writes memories and tables.
internal sealed partial class FunctionGenerator
{
    private static readonly float[] Floats =
    [
        0, -0f, 1, -1, 0.5f, 1.5f, 2.5f, -2.5f, 1e10f, -1e10f, 3.4e38f, 1e-45f, -1e-40f, 2147483648f, -2147483648f,
        4294967296f, 9223372036854775808f, float.PositiveInfinity, float.NegativeInfinity, 16777217f, 0.1f,
    ];

    private static readonly double[] Doubles =
    [
        0, -0d, 1, -1, 0.5, 1.5, 2.5, -3.5, 1e10, -1e300, 1.7e308, 5e-324, 2147483647, 2147483648, -2147483649,
        4294967295, 4294967296, 9223372036854775807, 18446744073709551615, double.PositiveInfinity,
        double.NegativeInfinity, 9007199254740993, 0.1, 1e40, 1e-50,
    ];

    private void Constant(WasmType type)
    {
        switch (type)
        {
            case WasmType.I32:
                _code.I32(_random.Next(6) switch
                {
                    0 => _random.Next(-2, 3),
                    1 => 1 << _random.Next(32),
                    2 => (1 << _random.Next(32)) - 1,
                    3 => _random.Next(256),
                    _ => (int)_random.NextInt64(),
                });
                break;
            case WasmType.I64:
                _code.I64(_random.Next(6) switch
                {
                    0 => _random.Next(-2, 3),
                    1 => 1L << _random.Next(64),
                    2 => (1L << _random.Next(64)) - 1,
                    3 => (int)_random.NextInt64(),
                    _ => AnyBits(),
                });
                break;
            case WasmType.F32:
                _code.F32(_random.Next(8) switch
                {
                    0 => (uint)AnyBits(),
                    1 => 0x7FC0_0000,
                    2 => BitConverter.SingleToUInt32Bits(_random.Next(-1000, 1000)),
                    _ => BitConverter.SingleToUInt32Bits(Pick(Floats)),
                });
                break;
            case WasmType.F64:
                _code.F64(_random.Next(8) switch
                {
                    0 => (ulong)AnyBits(),
                    1 => 0x7FF8_0000_0000_0000,
                    2 => BitConverter.DoubleToUInt64Bits(_random.Next(-1000, 1000) / 8.0),
                    _ => BitConverter.DoubleToUInt64Bits(Pick(Doubles)),
                });
                break;
            case WasmType.V128:
                VectorConstant();
                break;
            case WasmType.FuncRef when !Chance(3):
                _code.Op(Opcode.RefFunc, _random.Next(_shape.Functions.Count));
                break;
            default:
                _code.Op(Opcode.RefNull);
                _code.Byte((byte)type);
                break;
        }
    }

    private void VectorConstant()
    {
        switch (_random.Next(4))
        {
            case 0:
                _code.V128((ulong)AnyBits(), (ulong)AnyBits());
                break;
            case 1:
                _code.V128(BitConverter.DoubleToUInt64Bits(Pick(Doubles)), BitConverter.DoubleToUInt64Bits(Pick(Doubles)));
                break;
            case 2:
                _code.V128(TwoFloats(), TwoFloats());
                break;
            default:
                _code.V128((ulong)_random.Next(1000), 0x0001_FFFF_8000_7FFFUL << _random.Next(16));
                break;
        }
    }

    private ulong TwoFloats() =>
        BitConverter.SingleToUInt32Bits(Pick(Floats)) | ((ulong)BitConverter.SingleToUInt32Bits(Pick(Floats)) << 32);

    private long AnyBits() => _random.NextInt64(long.MinValue, long.MaxValue);

    private void Load(WasmType type, int depth)
    {
        var opcode = type switch
        {
            WasmType.I32 => Pick([Opcode.I32Load, Opcode.I32Load8S, Opcode.I32Load8U, Opcode.I32Load16S, Opcode.I32Load16U]),
            WasmType.I64 => Pick(
            [
                Opcode.I64Load, Opcode.I64Load8S, Opcode.I64Load8U, Opcode.I64Load16S, Opcode.I64Load16U,
                Opcode.I64Load32S, Opcode.I64Load32U,
            ]),
            WasmType.F32 => Opcode.F32Load,
            _ => Opcode.F64Load,
        };
        var alignment = InstructionSignatures.AccessOf(opcode).NaturalAlignment;
        var offset = Address(depth, mayStraddle: alignment < 3);
        _code.Op(opcode);
        MemoryArgument(alignment, offset);
    }

    private void Store(int depth)
    {
        var opcode = Opcode.I32Store + _random.Next(Opcode.I64Store32 - Opcode.I32Store + 1);
        var access = InstructionSignatures.AccessOf(opcode);
        var offset = Address(depth);
        ValueToBeSeen(access.Type, depth);
        _code.Op(opcode);
        MemoryArgument(access.NaturalAlignment, offset);
    }

    private void MemoryArgument(int alignment, uint offset)
    {
        _code.U32((uint)_random.Next(alignment + 1));
        _code.U32(offset);
    }

    // Pushes an address and answers the offset to use with it: most lie within the memory, some around its end.
    // With guard pages, a load whose value nobody uses is only a look at its first four bytes: one of eight or sixteen
    // bytes that straddles the end is not found then, and not made here.
    private uint Address(int depth, bool mayStraddle = true)
    {
        switch (_random.Next(90))
        {
            case 0:
                Value(WasmType.I32, depth);
                _code.I32(mayStraddle ? 0 : 0x10_0000);
                _code.Op(Opcode.I32Or);
                return (uint)_random.Next(64);
            case 1 when mayStraddle:
                _code.I32(0x1_0000 - _random.Next(20));
                return (uint)_random.Next(8);
            case 2:
                Value(WasmType.I32, depth);
                _code.I32(0xFF);
                _code.Op(Opcode.I32And);
                return uint.MaxValue - (uint)_random.Next(600);
            case 3 when mayStraddle:
                _code.I32(-1 - _random.Next(16));
                return (uint)_random.Next(32);
            case < 30:
                _code.I32(_random.Next(0x8000));
                return (uint)_random.Next(0x7000);
            default:
                Value(WasmType.I32, depth);
                _code.I32(0x7FFF);
                _code.Op(Opcode.I32And);
                return (uint)(Chance(2) ? _random.Next(16) : _random.Next(0x7000));
        }
    }

    // A number that is small unless by bad luck.
    private void Small(int mask, int depth)
    {
        if (Chance(3))
        {
            _code.I32(_random.Next(mask + 1));
            return;
        }

        Value(WasmType.I32, depth);
        if (!Chance(40))
        {
            _code.I32(mask);
            _code.Op(Opcode.I32And);
        }
    }

    private void Size(int depth)
    {
        switch (_random.Next(5))
        {
            case 0:
                Small(1, depth);
                _code.Op(Opcode.MemoryGrow, 0);
                break;
            case 1:
                var table = _random.Next(2);
                Value(table == 0 ? WasmType.FuncRef : WasmType.ExternRef, depth);
                Small(3, depth);
                _code.Op(Opcode.TableGrow, table);
                break;
            case 2:
                _code.Op(Opcode.TableSize, _random.Next(2));
                break;
            case 3:
                Value(Chance(2) ? WasmType.FuncRef : WasmType.ExternRef, depth);
                _code.Op(Opcode.RefIsNull);
                break;
            default:
                _code.Op(Opcode.MemorySize, 0);
                break;
        }
    }

    private void Reference(WasmType type, int depth)
    {
        Small(15, depth);
        _code.Op(Opcode.TableGet, type == WasmType.FuncRef ? 0 : 1);
    }

    private void Bulk(int depth)
    {
        var choice = _random.Next(10);
        var table = _random.Next(2);
        var reference = table == 0 ? WasmType.FuncRef : WasmType.ExternRef;
        switch (choice)
        {
            case 0 or 1 or 2:
                Small(0xFFF, depth);
                Small(choice == 0 ? 0xFF : choice == 1 ? 0xFFF : 0x1F, depth);
                Small(choice == 2 ? 0x1F : 0x3F, depth);
                _code.Op(choice == 0 ? Opcode.MemoryFill : choice == 1 ? Opcode.MemoryCopy : Opcode.MemoryInit);
                _code.Bytes(choice == 0 ? [0] : choice == 1 ? [0, 0] : [1, 0]);
                break;
            case 3 when Chance(4):
                _code.Op(Opcode.DataDrop, _random.Next(2));
                break;
            case 4 when Chance(4):
                _code.Op(Opcode.ElemDrop, _random.Next(2));
                break;
            case 5:
                Small(7, depth);
                Value(reference, depth);
                Small(7, depth);
                _code.Op(Opcode.TableFill, table);
                break;
            case 6:
                Small(15, depth);
                Small(15, depth);
                Small(7, depth);
                _code.Op(Opcode.TableCopy, table, table);
                break;
            case 7:
                Small(15, depth);
                Small(3, depth);
                Small(3, depth);
                _code.Op(Opcode.TableInit, 1, 0);
                break;
            default:
                Small(15, depth);
                Value(reference, depth);
                _code.Op(Opcode.TableSet, table);
                break;
        }
    }
}
