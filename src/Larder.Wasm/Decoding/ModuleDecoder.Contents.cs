using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Larder.Wasm.Decoding;

/// <summary>The sections with contents: elements, code, data; and constant expressions.</summary>
internal sealed partial class ModuleDecoder
{
    private const Opcode V128Const = Opcode.SimdBase + 12;

    private int _elementItems;

    private void ReadElements(ref ByteReader reader)
    {
        var segments =
            new ElementSegment[ReadCount(ref reader, "element segments", _limits.ElementSegments, minimumBytes: 3)];
        for (var index = 0; index < segments.Length; index++)
        {
            segments[index] = ReadElementSegment(ref reader);
        }

        _elements = segments;
    }

    private ElementSegment ReadElementSegment(ref ByteReader reader)
    {
        var start = reader.Position;
        var flags = reader.ReadU32();
        if (flags > 7)
        {
            throw reader.MalformedAt(start, $"malformed elements segment kind {flags}");
        }

        if (flags != 0 && !Has(WasmFeatures.BulkMemory))
        {
            throw reader.UnsupportedAt(start, "bulk memory");
        }

        // Bit 0: not active. Bit 1: names its table, or is declarative when not active. Bit 2: items are expressions.
        var isActive = (flags & 1) == 0;
        var hasExpressions = (flags & 4) != 0;
        var table = 0;
        var offset = default(ConstantExpression);
        if (isActive)
        {
            table = (flags & 2) != 0 ? reader.ReadIndex() : 0;
            offset = ReadConstant(ref reader);
        }

        var type = WasmType.FuncRef;
        if ((flags & 3) != 0)
        {
            type = hasExpressions ? reader.ReadReferenceType() : ReadElementKind(ref reader);
        }

        return new ElementSegment(
            isActive ? SegmentMode.Active : (flags & 2) != 0 ? SegmentMode.Declarative : SegmentMode.Passive,
            type,
            ReadElementItems(ref reader, hasExpressions))
        {
            Table = table,
            Offset = offset,
        };
    }

    private static WasmType ReadElementKind(ref ByteReader reader)
    {
        var start = reader.Position;
        return reader.ReadByte() == 0
            ? WasmType.FuncRef
            : throw reader.MalformedAt(start, "malformed element kind: zero byte expected");
    }

    private ImmutableArray<ConstantExpression> ReadElementItems(ref ByteReader reader, bool areExpressions)
    {
        var count = ReadCount(
            ref reader, "element items", _limits.ElementItems, minimumBytes: areExpressions ? 2 : 1, _elementItems);
        _elementItems += count;
        var items = new ConstantExpression[count];
        for (var index = 0; index < items.Length; index++)
        {
            if (areExpressions)
            {
                items[index] = ReadConstant(ref reader);
            }
            else
            {
                var offset = reader.Offset;
                items[index] = new ConstantExpression(
                    Opcode.RefFunc, (uint)reader.ReadIndex(), ReadOnlyMemory<byte>.Empty, offset);
            }
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(items);
    }

    private void ReadCode(ref ByteReader reader)
    {
        var count = ReadCount(ref reader, "function bodies", _limits.Functions, minimumBytes: 1);
        var defined = _functionTypes.Length - _importedFunctionCount;
        if (count != defined)
        {
            throw reader.MalformedAt(
                0, $"function and code section have inconsistent lengths: {defined} and {count}");
        }

        var bodies = new FunctionBody[count];
        for (var index = 0; index < bodies.Length; index++)
        {
            bodies[index] = ReadBody(ref reader, _importedFunctionCount + index);
        }

        _bodies = bodies;
    }

    private FunctionBody ReadBody(ref ByteReader reader, int function)
    {
        var start = reader.Position;
        var length = reader.ReadU32();
        if (length > (uint)_limits.FunctionBytes)
        {
            throw new WasmException(
                WasmErrorKind.LimitExceeded,
                $"function body of {length} bytes, at most {_limits.FunctionBytes} are allowed",
                new ModuleLocation("code", reader.Offset, function));
        }

        var origin = reader.Offset;
        var body = new ByteReader(reader.ReadBytes(length), origin, "code", function);
        var runs = ReadCount(ref body, "runs of locals", int.MaxValue, minimumBytes: 2);
        var locals = runs == 0 ? [] : new LocalRun[runs];
        var total = 0UL;
        for (var index = 0; index < locals.Length; index++)
        {
            var position = body.Position;
            var count = body.ReadU32();
            total += count;
            if (total > uint.MaxValue)
            {
                throw body.MalformedAt(position, $"too many locals: {total}");
            }

            // The limit is checked below: a malformed list is reported as such first.
            locals[index] = new LocalRun((int)Math.Min(count, int.MaxValue), ReadValueType(ref body));
        }

        var type = _functionTypes[function];
        var parameters = type < _types.Length ? _types[type].Parameters.Length : 0;
        if (total + (ulong)parameters > (ulong)_limits.Locals)
        {
            throw LimitExceeded(in body, 0, "locals (too many locals)", (long)total + parameters, _limits.Locals);
        }

        return new FunctionBody(
            ImmutableCollectionsMarshal.AsImmutableArray(locals),
            (int)total,
            _bytes.Slice((int)body.Offset, body.Remaining),
            body.Offset);
    }

    private void ReadDataCount(ref ByteReader reader, int start)
    {
        if (!Has(WasmFeatures.BulkMemory))
        {
            throw new WasmException(
                WasmErrorKind.Unsupported, "bulk memory: switched off", new ModuleLocation("data count", start));
        }

        var count = reader.ReadU32();
        _dataCount = count <= (uint)_limits.DataSegments
            ? (int)count
            : throw LimitExceeded(in reader, 0, "data segments", count, _limits.DataSegments);
    }

    private void ReadData(ref ByteReader reader)
    {
        var count = ReadCount(ref reader, "data segments", _limits.DataSegments, minimumBytes: 2);
        if (_dataCount is { } announced && announced != count)
        {
            throw reader.MalformedAt(
                0, $"data count and data section have inconsistent lengths: {announced} and {count}");
        }

        var segments = new DataSegment[count];
        for (var index = 0; index < segments.Length; index++)
        {
            var start = reader.Position;
            var flags = reader.ReadU32();
            if (flags > 2)
            {
                throw reader.MalformedAt(start, $"malformed data segment kind {flags}");
            }

            if (flags != 0 && !Has(WasmFeatures.BulkMemory))
            {
                throw reader.UnsupportedAt(start, "bulk memory");
            }

            var memory = flags == 2 ? reader.ReadIndex() : 0;
            var offset = flags == 1 ? default : ReadConstant(ref reader);
            var length = reader.ReadU32();
            var from = (int)reader.Offset;
            var bytes = _bytes.Slice(from, reader.ReadBytes(length).Length);
            segments[index] = new DataSegment(flags == 1 ? SegmentMode.Passive : SegmentMode.Active, bytes)
            {
                Memory = memory,
                Offset = offset,
            };
        }

        _data = segments;
    }

    /// <summary>
    /// Reads a constant expression up to its <c>end</c>. An instruction that is never constant is refused here, because
    /// the decoder does not know how long it is.
    /// </summary>
    private ConstantExpression ReadConstant(ref ByteReader reader)
    {
        var start = reader.Position;
        var offset = reader.Offset;
        var kind = Opcode.End;
        var value = 0UL;
        for (var count = 0; ; count++)
        {
            var position = reader.Position;
            var opcode = reader.ReadOpcode();
            if (opcode == Opcode.End)
            {
                break;
            }

            value = ReadConstantImmediate(ref reader, opcode, position);
            kind = count == 0 ? opcode : Opcode.End;
        }

        return new ConstantExpression(
            kind, kind == Opcode.End ? 0 : value, _bytes.Slice((int)offset, reader.Position - start), offset);
    }

    private ulong ReadConstantImmediate(ref ByteReader reader, Opcode opcode, int position)
    {
        switch (opcode)
        {
            case Opcode.I32Const:
                return (uint)reader.ReadS32();
            case Opcode.I64Const:
                return (ulong)reader.ReadS64();
            case Opcode.F32Const:
                return reader.ReadF32Bits();
            case Opcode.F64Const:
                return reader.ReadF64Bits();
            case Opcode.GlobalGet:
                return (uint)reader.ReadIndex();
            case Opcode.RefFunc when Has(WasmFeatures.ReferenceTypes):
                return (uint)reader.ReadIndex();
            case Opcode.RefNull when Has(WasmFeatures.ReferenceTypes):
                return (ulong)reader.ReadHeapType();
            case V128Const when Has(WasmFeatures.Simd):
                reader.ReadBytes(16);
                return 0;
            case Opcode.I32Add or Opcode.I32Sub or Opcode.I32Mul or Opcode.I64Add or Opcode.I64Sub or Opcode.I64Mul
                when Has(WasmFeatures.ExtendedConstants):
                return 0;
            default:
                throw opcode.IsKnown()
                    ? new WasmException(
                        WasmErrorKind.Invalid,
                        $"constant expression required: {opcode.ToText()} is not constant",
                        reader.LocationAt(position))
                    : reader.MalformedAt(position, $"illegal opcode {opcode.ToText()}");
        }
    }
}
