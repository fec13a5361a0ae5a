using Larder.Wasm.Execution;

namespace Larder.Wasm;

// What happens between linking and the first call. Source: WebAssembly 2.0, section 4.5.4.
public sealed unsafe partial class Instance
{
    // Keeps what generated code reaches through weak handles.
    private readonly List<HostBinding> _bindings = [];

    // Initialises globals, tables and memories, and runs the start function.
    internal Trap? Start()
    {
        var definition = Module.Module;
        RawValue value;
        for (var index = 0; index < definition.DefinedGlobals.Length; index++)
        {
            var global = definition.DefinedGlobals[index];
            Evaluate(global.Initial, &value);
            WasmGlobal.Copy(global.Type.Type, &value, _globals[index + _imports.Globals.Length].Cell);
        }

        for (var index = 0; index < definition.DefinedTables.Length; index++)
        {
            if (definition.DefinedTables[index].Initial is { } initial)
            {
                Evaluate(initial, &value);
                var table = Tables[index + _imports.Tables.Length];
                new Span<nint>(table.Elements, (int)table.Length).Fill(value.Reference);
            }
        }

        for (var index = 0; index < definition.Elements.Length; index++)
        {
            // Active segments go to their table at once, below.
            _elements[index] = definition.Elements[index].Mode == SegmentMode.Active ? null : Items(index);
        }

        return InitializeTables(definition) ?? InitializeMemories(definition) ?? RunStart(definition);
    }

    private nint[] Items(int segment)
    {
        var items = new nint[Module.Module.Elements[segment].Items.Length];
        fixed (nint* target = items)
        {
            WriteItems(segment, target);
        }

        return items;
    }

    private void WriteItems(int segment, nint* target)
    {
        if (Module.Template.CanFill(segment))
        {
            Module.Template.Fill(segment, target, _records, _base);
            return;
        }

        var items = Module.Module.Elements[segment].Items;
        RawValue value;
        for (var index = 0; index < items.Length; index++)
        {
            Evaluate(items[index], &value);
            target[index] = value.Reference;
        }
    }

    private Trap? InitializeTables(WasmModule definition)
    {
        RawValue value;
        for (var index = 0; index < definition.Elements.Length; index++)
        {
            var segment = definition.Elements[index];
            if (segment.Mode == SegmentMode.Active)
            {
                Evaluate(segment.Offset, &value);
                var table = Tables[segment.Table];
                var offset = table.Type.Is64 ? (ulong)value.I64 : (uint)value.I32;
                if (offset > table.Length || table.Length - offset < (ulong)segment.Items.Length)
                {
                    KeepSegments(definition, index);
                    return new Trap(TrapKind.TableOutOfBounds, _ => []);
                }

                WriteItems(index, table.Elements + offset);
            }

            if (segment.Mode == SegmentMode.Declarative)
            {
                DropElements(index);
            }
        }

        return null;
    }

    // An instance that cannot start lives on where its functions came into a table of others: what was not used is there.
    private void KeepSegments(WasmModule definition, int first)
    {
        for (var index = first; index < definition.Elements.Length; index++)
        {
            _elements[index] ??= Items(index);
        }
    }

    private Trap? InitializeMemories(WasmModule definition)
    {
        RawValue value;
        for (var index = 0; index < definition.Data.Length; index++)
        {
            var segment = definition.Data[index];
            if (segment.Mode != SegmentMode.Active)
            {
                continue;
            }

            Evaluate(segment.Offset, &value);
            var memory = Memories[segment.Memory];
            var offset = memory.Type.Is64 ? (ulong)value.I64 : (uint)value.I32;
            var length = memory.ByteLength;
            if (offset > length || length - offset < (ulong)segment.Bytes.Length)
            {
                return new Trap(TrapKind.MemoryOutOfBounds, _ => []);
            }

            segment.Bytes.Span.CopyTo(memory.Span(offset, segment.Bytes.Length));
            DropData(index);
        }

        return null;
    }

    private Trap? RunStart(WasmModule definition)
    {
        if (definition.StartFunction < 0)
        {
            return null;
        }

        RawValue value;
        return Store.Run(RecordOf(definition.StartFunction), &value, &value);
    }

    private void Evaluate(in ConstantExpression expression, RawValue* result)
    {
        *result = default;
        switch (expression.Kind)
        {
            case Opcode.I32Const or Opcode.I64Const or Opcode.F32Const or Opcode.F64Const:
                result->I64 = (long)expression.Value;
                break;
            case Opcode.RefNull:
                break;
            case Opcode.RefFunc:
                result->Reference = (nint)RecordOf((int)expression.Value);
                break;
            case Opcode.GlobalGet:
                ReadGlobal((int)expression.Value, result);
                break;
            default:
                EvaluateCode(expression, result);
                break;
        }
    }

    private void ReadGlobal(int index, RawValue* result)
    {
        var global = _globals[index];
        if (global.Type.Type == WasmType.V128)
        {
            *result = *(RawValue*)global.Cell;
        }
        else
        {
            result->I64 = *(long*)global.Cell;
        }
    }

    // An expression of several instructions, or one with a vector.
    private void EvaluateCode(in ConstantExpression expression, RawValue* result)
    {
        var reader = new Decoding.ByteReader(expression.Code.Span, expression.Offset);
        var stack = new Stack<RawValue>();
        while (true)
        {
            RawValue value = default;
            var opcode = Decoding.InstructionReading.ReadOpcode(ref reader);
            switch (opcode)
            {
                case Opcode.End:
                    *result = stack.Pop();
                    return;
                case Opcode.I32Const:
                    value.I32 = reader.ReadS32();
                    break;
                case Opcode.I64Const:
                    value.I64 = reader.ReadS64();
                    break;
                case Opcode.F32Const:
                    value.I32 = (int)reader.ReadF32Bits();
                    break;
                case Opcode.F64Const:
                    value.I64 = (long)reader.ReadF64Bits();
                    break;
                case Opcode.RefNull:
                    Decoding.InstructionReading.ReadHeapType(ref reader);
                    break;
                case Opcode.RefFunc:
                    value.Reference = (nint)RecordOf(reader.ReadIndex());
                    break;
                case Opcode.GlobalGet:
                    ReadGlobal(reader.ReadIndex(), &value);
                    break;
                case >= Opcode.SimdBase:
                    value.V128 = new UInt128(0, reader.ReadF64Bits());
                    value.V128 |= new UInt128(reader.ReadF64Bits(), 0);
                    break;
                default:
                    var right = stack.Pop();
                    value = Combine(opcode, stack.Pop(), right);
                    break;
            }

            stack.Push(value);
        }
    }

    private static RawValue Combine(Opcode opcode, RawValue left, RawValue right)
    {
        RawValue value = default;
        switch (opcode)
        {
            case Opcode.I32Add:
                value.I32 = left.I32 + right.I32;
                break;
            case Opcode.I32Sub:
                value.I32 = left.I32 - right.I32;
                break;
            case Opcode.I32Mul:
                value.I32 = left.I32 * right.I32;
                break;
            case Opcode.I64Add:
                value.I64 = left.I64 + right.I64;
                break;
            case Opcode.I64Sub:
                value.I64 = left.I64 - right.I64;
                break;
            case Opcode.I64Mul:
                value.I64 = left.I64 * right.I64;
                break;
            default:
                throw new InvalidOperationException($"The instruction {opcode} is not constant.");
        }

        return value;
    }
}
