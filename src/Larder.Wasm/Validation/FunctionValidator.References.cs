using Larder.Wasm.Decoding;

namespace Larder.Wasm.Validation;

/// <summary>Instructions on references, tables and element segments.</summary>
internal sealed partial class FunctionValidator
{
    private void Reference(ref ByteReader reader, Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.RefNull or Opcode.RefIsNull or Opcode.RefFunc or Opcode.SelectTyped
                or Opcode.TableGet or Opcode.TableSet or Opcode.TableGrow or Opcode.TableSize or Opcode.TableFill:
                Require(WasmFeatures.ReferenceTypes, "reference types");
                break;
            case Opcode.TableInit or Opcode.ElemDrop or Opcode.TableCopy:
                Require(WasmFeatures.BulkMemory, "bulk memory");
                break;
            default:
                throw IllegalOpcode(opcode);
        }

        switch (opcode)
        {
            case Opcode.RefNull:
                Push(reader.ReadHeapType());
                break;
            case Opcode.RefIsNull:
                var reference = PopAny();
                if (reference != WasmType.None && !reference.IsReference())
                {
                    throw Mismatch("a reference", reference, isEmpty: false);
                }

                Push(WasmType.I32);
                break;
            case Opcode.RefFunc:
                FunctionReference(reader.ReadIndex());
                break;
            case Opcode.SelectTyped:
                TypedSelect(ref reader);
                break;
            default:
                Table(ref reader, opcode);
                break;
        }
    }

    private void FunctionReference(int index)
    {
        FunctionTypeAt(index);
        if (!_declaredFunctions[index])
        {
            throw Invalid($"undeclared function reference: function {index} is in no export, global, table or element segment");
        }

        Push(WasmType.FuncRef);
    }

    private void TypedSelect(ref ByteReader reader)
    {
        var count = reader.ReadU32();
        if (count != 1)
        {
            throw Invalid($"invalid result arity: select has {count} types, not one");
        }

        var type = reader.ReadValueType();
        CheckFeature(type);
        Pop(WasmType.I32);
        Pop(type);
        Pop(type);
        Push(type);
    }

    private void Table(ref ByteReader reader, Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.TableGet:
                var table = TableAt(reader.ReadIndex());
                Pop(AddressType(table.Is64));
                Push(table.Element);
                break;
            case Opcode.TableSet:
                table = TableAt(reader.ReadIndex());
                Pop(table.Element);
                Pop(AddressType(table.Is64));
                break;
            case Opcode.TableSize:
                Push(AddressType(TableAt(reader.ReadIndex()).Is64));
                break;
            case Opcode.TableGrow:
                table = TableAt(reader.ReadIndex());
                Pop(AddressType(table.Is64));
                Pop(table.Element);
                Push(AddressType(table.Is64));
                break;
            case Opcode.TableFill:
                table = TableAt(reader.ReadIndex());
                Pop(AddressType(table.Is64));
                Pop(table.Element);
                Pop(AddressType(table.Is64));
                break;
            case Opcode.TableCopy:
                TableCopy(TableAt(reader.ReadIndex()), TableAt(reader.ReadIndex()));
                break;
            case Opcode.TableInit:
                TableInit(ref reader);
                break;
            default:
                ElementAt(reader.ReadIndex());
                break;
        }
    }

    private void TableCopy(TableType target, TableType source)
    {
        if (target.Element != source.Element)
        {
            throw Invalid(
                $"type mismatch: table.copy from a table of {source.Element.ToText()} to one of {target.Element.ToText()}");
        }

        Pop(AddressType(target.Is64 && source.Is64));
        Pop(AddressType(source.Is64));
        Pop(AddressType(target.Is64));
    }

    private void TableInit(ref ByteReader reader)
    {
        var segmentIndex = reader.ReadIndex();
        var table = TableAt(reader.ReadIndex());
        var segment = ElementAt(segmentIndex);
        if (segment.Type != table.Element)
        {
            throw Invalid(
                $"type mismatch: table.init from a segment of {segment.Type.ToText()} to a table of {table.Element.ToText()}");
        }

        Pop(WasmType.I32);
        Pop(WasmType.I32);
        Pop(AddressType(table.Is64));
    }

    private TableType TableAt(int index) => index < _module.Tables.Length
        ? _module.Tables[index]
        : throw Invalid($"unknown table {index}: the module has {_module.Tables.Length}");

    private ElementSegment ElementAt(int index) => index < _module.Elements.Length
        ? _module.Elements[index]
        : throw Invalid($"unknown elem segment {index}: the module has {_module.Elements.Length}");
}
