using Larder.Wasm.Decoding;

namespace Larder.Wasm.Validation;

/// <summary>Blocks, branches and calls.</summary>
internal sealed partial class FunctionValidator
{
    private void Control(ref ByteReader reader, Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.Unreachable:
                MarkUnreachable();
                break;
            case Opcode.Block or Opcode.Loop:
                OpenBlock(opcode, ReadBlockType(ref reader));
                break;
            case Opcode.If:
                var type = ReadBlockType(ref reader);
                Pop(WasmType.I32);
                OpenBlock(opcode, type);
                break;
            case Opcode.Else:
                if (_frames[_depth - 1].Kind != Opcode.If)
                {
                    throw Error(WasmErrorKind.Malformed, "END opcode expected: else does not belong to an if");
                }

                var ended = PopFrame();
                PushFrame(Opcode.Else, ended.Type);
                PushAll(ended.Type.Parameters(_module).AsSpan());
                break;
            case Opcode.End:
                End();
                break;
            case Opcode.Br:
                PopAll(LabelTypes(reader.ReadIndex()));
                MarkUnreachable();
                break;
            case Opcode.BrIf:
                var label = reader.ReadIndex();
                Pop(WasmType.I32);
                var types = LabelTypes(label);
                PopAll(types);
                PushAll(types);
                break;
            case Opcode.BrTable:
                BranchTable(ref reader);
                break;
            case Opcode.Return:
                PopAll(LabelTypes(_depth - 1));
                MarkUnreachable();
                break;
            case Opcode.Call:
                Call(FunctionTypeAt(reader.ReadIndex()));
                break;
            case Opcode.CallIndirect:
                Call(ReadIndirectType(ref reader));
                break;
            case Opcode.ReturnCall:
                Require(WasmFeatures.TailCalls, "tail calls");
                TailCall(FunctionTypeAt(reader.ReadIndex()));
                break;
            case Opcode.ReturnCallIndirect:
                Require(WasmFeatures.TailCalls, "tail calls");
                TailCall(ReadIndirectType(ref reader));
                break;
            default:
                throw IllegalOpcode(opcode);
        }
    }

    private BlockType ReadBlockType(ref ByteReader reader)
    {
        var type = reader.ReadBlockType();
        if (type.TypeIndex >= 0)
        {
            TypeAt(type.TypeIndex);
        }
        else
        {
            CheckFeature(type.Result);
        }

        return type;
    }

    private void CheckFeature(WasmType type)
    {
        if (type == WasmType.V128)
        {
            Require(WasmFeatures.Simd, "SIMD");
        }
        else if (type.IsReference())
        {
            Require(WasmFeatures.ReferenceTypes, "reference types");
        }
    }

    private void OpenBlock(Opcode kind, BlockType type)
    {
        var parameters = type.Parameters(_module).AsSpan();
        PopAll(parameters);
        PushFrame(kind, type);
        PushAll(parameters);
    }

    private void End()
    {
        var frame = PopFrame();
        var results = frame.Type.Results(_module).AsSpan();
        if (frame.Kind == Opcode.If)
        {
            // Without an else the parameters pass through, so they must be the results.
            var parameters = frame.Type.Parameters(_module).AsSpan();
            Charge(parameters.Length);
            if (!parameters.SequenceEqual(results))
            {
                throw Invalid("type mismatch: an if without else must leave the types that it takes");
            }
        }

        if (_depth > 0)
        {
            PushAll(results);
        }
    }

    private void BranchTable(ref ByteReader reader)
    {
        var count = reader.ReadU32();
        if (count > (uint)reader.Remaining)
        {
            throw reader.Malformed($"unexpected end: length out of bounds, {count} labels in {reader.Remaining} bytes");
        }

        if (count > (uint)_limits.BranchTableLabels)
        {
            throw Error(
                WasmErrorKind.LimitExceeded, $"{count} labels of a br_table, at most {_limits.BranchTableLabels} are allowed");
        }

        Pop(WasmType.I32);
        ReadOnlySpan<WasmType> types = default;
        for (var index = 0U; index <= count; index++)
        {
            var next = LabelTypes(reader.ReadIndex());
            if (index > 0 && next == types)
            {
                continue;
            }

            if (index > 0 && next.Length != types.Length)
            {
                throw Invalid($"type mismatch: labels of a br_table carry {types.Length} and {next.Length} values");
            }

            Expect(next);
            types = next;
        }

        MarkUnreachable();
    }

    private void Call(FunctionType type)
    {
        PopAll(type.Parameters.AsSpan());
        PushAll(type.Results.AsSpan());
    }

    private void TailCall(FunctionType type)
    {
        PopAll(type.Parameters.AsSpan());
        var results = LabelTypes(_depth - 1);
        Charge(results.Length);
        if (!type.Results.AsSpan().SequenceEqual(results))
        {
            throw Invalid(
                $"type mismatch: {_opcode.ToText()} of {type}, but the function is {_module.FunctionTypeOf(_function)}");
        }

        MarkUnreachable();
    }

    private FunctionType ReadIndirectType(ref ByteReader reader)
    {
        var type = reader.ReadIndex();
        var position = reader.Position;
        var index = reader.ReadIndex();
        if (index != 0 && !Has(WasmFeatures.ReferenceTypes))
        {
            throw reader.MalformedAt(position, "zero byte expected");
        }

        var table = TableAt(index);
        if (table.Element != WasmType.FuncRef)
        {
            throw Invalid($"type mismatch: {_opcode.ToText()} expects a table of funcref, table {index} has {table.Element.ToText()}");
        }

        var found = TypeAt(type);
        Pop(AddressType(table.Is64));
        return found;
    }

    private FunctionType TypeAt(int index) => index < _module.Types.Length
        ? _module.Types[index]
        : throw Invalid($"unknown type {index}: the module has {_module.Types.Length}");

    private FunctionType FunctionTypeAt(int index) => index < _module.FunctionTypes.Length
        ? _module.FunctionTypeOf(index)
        : throw Invalid($"unknown function {index}: the module has {_module.FunctionTypes.Length}");

    private WasmException IllegalOpcode(Opcode opcode)
    {
        var feature = (int)opcode switch
        {
            >= 0x06 and <= 0x0A or 0x18 or 0x19 or 0x1F => "exception handling",
            0x14 or 0x15 or >= 0xD4 and <= 0xD6 => "typed function references",
            0xD3 => "garbage collection",
            >= 0xFC13 and <= 0xFC16 => "wide arithmetic",
            >= (int)Opcode.SimdBase + 0x100 and <= (int)Opcode.SimdBase + 0x12F => "relaxed SIMD",
            _ => null,
        };
        return feature is null
            ? Error(WasmErrorKind.Malformed, $"illegal opcode {opcode.ToText()}")
            : Error(WasmErrorKind.Unsupported, $"opcode {opcode.ToText()} of {feature}: not supported");
    }
}
