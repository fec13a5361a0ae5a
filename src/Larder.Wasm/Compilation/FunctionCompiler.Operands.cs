using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace Larder.Wasm.Compilation;

// The operand stack: which operands are resident, and their slots.
internal sealed partial class FunctionCompiler
{
    private void Push(WasmType type, bool raw = false, bool maybeShift = false)
    {
        _operands.Add(new Operand(type, raw, maybeShift));
        _resident++;
        _maxResident = Math.Max(_maxResident, _resident);
        _highest = Math.Max(_highest, _operands.Count);
    }

    // An operand that lies in its slot.
    private void PushStored(WasmType type)
    {
        _operands.Add(new Operand(type, false, MaybeShift: true));
        _highest = Math.Max(_highest, _operands.Count);
    }

    // Takes operands off; the code that was written has consumed those of them that were resident.
    private void Pop(int count)
    {
        _operands.RemoveRange(_operands.Count - count, count);
        _resident = Math.Max(0, _resident - count);
    }

    // Makes the top operands resident.
    private void Require(int count)
    {
        if (_resident >= count)
        {
            return;
        }

        StoreResidents();
        LoadStored(count);
    }

    // Makes the top operands resident and no others.
    private void RequireOnly(int count)
    {
        if (_resident != count)
        {
            StoreResidents();
            LoadStored(count);
        }
    }

    private void LoadStored(int count)
    {
        for (var depth = _operands.Count - count; depth < _operands.Count; depth++)
        {
            _il.LoadLocal(Slot(depth, _operands[depth].Type));
        }

        _resident = count;
        _maxResident = Math.Max(_maxResident, count);
    }

    // Stores every resident operand to its slot. What lies in slots is settled.
    private void StoreResidents()
    {
        for (var depth = _operands.Count - 1; _resident > 0; depth--, _resident--)
        {
            SettleTop(depth);
            _il.StoreLocal(Slot(depth, _operands[depth].Type));
        }
    }

    // Settles the top operands, so that they may be anywhere and be used by anything.
    private void Settle(int count)
    {
        if (count == 0)
        {
            return;
        }

        for (var depth = _operands.Count - count; depth < _operands.Count - 1; depth++)
        {
            if (_operands[depth].Raw)
            {
                StoreResidents();
                return;
            }
        }

        SettleTop(_operands.Count - 1);
    }

    // Settles an operand whose value is at the top of the runtime's stack.
    private void SettleTop(int depth)
    {
        var operand = _operands[depth];
        if (!operand.Raw)
        {
            return;
        }

        if (operand.Type is WasmType.I32 or WasmType.I64)
        {
            WriteFlagsAnew(operand.Type);
        }
        else
        {
            _il.Call(RuntimeMethods.Canonical(operand.Type));
        }

        _operands[depth] = operand with { Raw = false };
    }

    // Stores the residents below the top operand, which stays resident alone.
    private void StoreBelowTop()
    {
        Require(1);
        if (_resident == 1)
        {
            return;
        }

        if (_il.TryTakePush(out var push))
        {
            var top = _operands[^1];
            _operands.RemoveAt(_operands.Count - 1);
            _resident--;
            StoreResidents();
            _il.Restore(push);
            _operands.Add(top);
            _resident = 1;
            return;
        }

        StoreResidents();
        LoadStored(1);
    }

    private void DiscardResidents()
    {
        for (; _resident > 0; _resident--)
        {
            _il.Op(ILOpCode.Pop);
        }
    }

    // Cuts the stack back to a height and puts values that lie in their slots on it.
    private void ResetOperands(int height, ImmutableArray<WasmType> types)
    {
        _operands.RemoveRange(height, _operands.Count - height);
        _resident = 0;
        foreach (var type in types)
        {
            PushStored(type);
        }
    }

    private int Slot(int depth, WasmType type)
    {
        var key = (depth << 3) | SlotKind(type);
        if (!_slots.TryGetValue(key, out var local))
        {
            local = NewLocal(type);
            _slots.Add(key, local);
        }

        return local;
    }

    private static int SlotKind(WasmType type) => type switch
    {
        WasmType.I32 => 0,
        WasmType.I64 => 1,
        WasmType.F32 => 2,
        WasmType.F64 => 3,
        WasmType.V128 => 4,
        _ => 5,
    };

    /// <summary>An operand.</summary>
    /// <param name="Type">Its type.</param>
    /// <param name="Raw">
    /// Whether it is not settled: fresh from arithmetic on floats, so that a NaN may not be canonical yet, or an integer that
    /// may be a rotation to the JIT compiler.
    /// </param>
    /// <param name="MaybeShift">Whether the JIT compiler may see a shift in it.</param>
    /// <param name="Variable">The local that it is a constant away from, <see cref="Constant"/>, or -1.</param>
    /// <param name="Version">The version of that local.</param>
    /// <param name="Addend">That constant.</param>
    private readonly record struct Operand(
        WasmType Type, bool Raw, bool MaybeShift, int Variable = -1, int Version = 0, uint Addend = 0);
}
