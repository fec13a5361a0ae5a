using System.Runtime.CompilerServices;
using Larder.Wasm.Decoding;

namespace Larder.Wasm.Validation;

/// <summary>The stack of types and the stack of blocks.</summary>
internal sealed partial class FunctionValidator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Push(WasmType type)
    {
        var height = _height;
        if ((uint)height >= (uint)_stack.Length)
        {
            GrowStack();
        }

        _stack[height] = type;
        _height = height + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Pop(WasmType expected)
    {
        var height = _height - 1;
        if (height >= _floor && _stack[height] == expected)
        {
            _height = height;
            return;
        }

        PopUnequal(expected);
    }

    /// <summary>Pops a value of any type; <see cref="WasmType.None"/> when the type is unknown.</summary>
    private WasmType PopAny()
    {
        if (_height > _floor)
        {
            return _stack[--_height];
        }

        return _isUnreachable ? WasmType.None : throw Mismatch("a value", WasmType.None, isEmpty: true);
    }

    private void PopUnequal(WasmType expected)
    {
        var actual = PopAnyOr(expected);
        if (actual != WasmType.None)
        {
            throw Mismatch(expected.ToText(), actual, isEmpty: false);
        }
    }

    private WasmType PopAnyOr(WasmType expected)
    {
        if (_height > _floor)
        {
            return _stack[--_height];
        }

        return _isUnreachable ? WasmType.None : throw Mismatch(expected.ToText(), WasmType.None, isEmpty: true);
    }

    private void PopAll(ReadOnlySpan<WasmType> types)
    {
        Charge(types.Length);
        for (var index = types.Length - 1; index >= 0; index--)
        {
            Pop(types[index]);
        }
    }

    private void PushAll(ReadOnlySpan<WasmType> types)
    {
        Charge(types.Length);
        foreach (var type in types)
        {
            Push(type);
        }
    }

    /// <summary>Checks that the top of the stack has these types, and leaves it as it is.</summary>
    private void Expect(ReadOnlySpan<WasmType> types)
    {
        Charge(types.Length);
        for (int index = types.Length - 1, at = _height - 1; index >= 0; index--, at--)
        {
            if (at < _floor)
            {
                if (_isUnreachable)
                {
                    return;
                }

                throw Mismatch(types[index].ToText(), WasmType.None, isEmpty: true);
            }

            if (_stack[at] != types[index] && _stack[at] != WasmType.None)
            {
                throw Mismatch(types[index].ToText(), _stack[at], isEmpty: false);
            }
        }
    }

    private void PushFrame(Opcode kind, BlockType type)
    {
        if (_depth == _frames.Length)
        {
            Array.Resize(ref _frames, _frames.Length * 2);
        }

        // The function itself is a frame, and none of the blocks that are counted.
        if (_depth > _limits.BlockDepth)
        {
            throw Error(
                WasmErrorKind.LimitExceeded, $"blocks are nested deeper than {_limits.BlockDepth}, the limit");
        }

        _frames[_depth++] = new ControlFrame(kind, type, _height);
        _floor = _height;
        _isUnreachable = false;
    }

    /// <summary>Closes the innermost block: exactly its results are on the stack, and they are popped.</summary>
    private ControlFrame PopFrame()
    {
        var frame = _frames[_depth - 1];
        PopAll(frame.Type.Results(_module).AsSpan());
        if (_height != frame.Height)
        {
            throw Invalid(
                $"type mismatch: {_opcode.ToText()} expects no more values but the stack has {_stack[_height - 1].ToText()}");
        }

        _depth--;
        if (_depth > 0)
        {
            _floor = _frames[_depth - 1].Height;
            _isUnreachable = _frames[_depth - 1].IsUnreachable;
        }

        return frame;
    }

    private void MarkUnreachable()
    {
        _height = _floor;
        _isUnreachable = true;
        _frames[_depth - 1].IsUnreachable = true;
    }

    /// <summary>The types that a branch to a label carries.</summary>
    private ReadOnlySpan<WasmType> LabelTypes(int label)
    {
        if (label >= _depth)
        {
            throw Invalid($"unknown label {label}: {_depth} are open");
        }

        ref readonly var frame = ref _frames[_depth - 1 - label];
        return (frame.Kind == Opcode.Loop ? frame.Type.Parameters(_module) : frame.Type.Results(_module)).AsSpan();
    }

    private void GrowStack()
    {
        if (_stack.Length >= _limits.OperandDepth)
        {
            throw Error(
                WasmErrorKind.LimitExceeded, $"more than {_limits.OperandDepth} operands on the stack, the limit");
        }

        Array.Resize(ref _stack, Math.Min(_stack.Length * 2, _limits.OperandDepth));
    }

    private void Charge(int values)
    {
        _work -= values;
        if (_work < 0)
        {
            throw Error(
                WasmErrorKind.LimitExceeded,
                $"calls and branches carry more than {WorkPerByte} values for each byte of the function, the limit");
        }
    }

    private WasmException Mismatch(string expected, WasmType actual, bool isEmpty) => Invalid(isEmpty
        ? $"type mismatch: {_opcode.ToText()} expects {expected} but the stack of its block is empty"
        : $"type mismatch: {_opcode.ToText()} expects {expected} but the stack has {actual.ToText()}");
}
