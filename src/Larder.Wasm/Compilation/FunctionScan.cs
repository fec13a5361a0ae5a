using Larder.Wasm.Decoding;

namespace Larder.Wasm.Compilation;

/// <summary>What one look over a function's instructions tells before its code is made.</summary>
internal sealed class FunctionScan
{
    private readonly List<int> _open = [];
    private readonly Dictionary<int, List<int>> _sets = [];
    private readonly List<int> _calls = [];

    // Variables that are given more than constants and what comes from memory.
    private readonly HashSet<int> _computed = [];
    private int _parameters;

    /// <summary>Instructions outside of loops; what entering the function costs in fuel.</summary>
    public int EntryCost { get; private set; }

    /// <summary>Instructions of each loop without those of loops in it, in order of their start.</summary>
    public List<int> LoopCosts { get; } = [];

    /// <summary>Numbers of the first and the last instruction of each loop, in order of their start.</summary>
    public List<(int Start, int End)> LoopSpans { get; } = [];

    /// <summary>Whether it calls anything.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>Number of instructions.</summary>
    public int Instructions { get; private set; }

    /// <summary>Bit for each of the first 64 memories that it uses.</summary>
    public ulong Memories { get; private set; }

    /// <summary>Whether the JIT compiler may find a shift in what a variable holds.</summary>
    public bool MayHoldShift(int variable) => variable < _parameters || _computed.Contains(variable);

    /// <summary>Whether an instruction with a number between the two sets a local.</summary>
    public bool SetsBetween(int variable, int start, int end) =>
        _sets.TryGetValue(variable, out var numbers) && IsOneBetween(numbers, start, end);

    /// <summary>Whether an instruction with a number between the two calls something or makes a memory longer.</summary>
    public bool CallsBetween(int start, int end) => IsOneBetween(_calls, start, end);

    /// <summary>Looks at a function with that many parameters.</summary>
    public void Run(FunctionBody body, int parameters)
    {
        _parameters = parameters;
        _computed.Clear();
        _open.Clear();
        LoopCosts.Clear();
        LoopSpans.Clear();
        _sets.Clear();
        _calls.Clear();
        HasCalls = false;
        Instructions = 0;
        EntryCost = 0;
        Memories = 0;
        var reader = new ByteReader(body.Code.Span, body.Offset);
        var loop = -1;
        var previous = Opcode.Nop;
        while (!reader.AtEnd)
        {
            var opcode = reader.ReadOpcode();
            if (opcode is Opcode.LocalSet or Opcode.LocalTee && !IsNoShift(previous))
            {
                var next = reader;
                _computed.Add(next.ReadIndex());
            }

            previous = opcode;
            Instructions++;
            if (loop < 0)
            {
                EntryCost++;
            }
            else
            {
                LoopCosts[loop]++;
            }

            switch (opcode)
            {
                case Opcode.Block or Opcode.If:
                    _open.Add(loop);
                    break;
                case Opcode.Loop:
                    _open.Add(loop);
                    loop = LoopCosts.Count;
                    LoopCosts.Add(0);
                    LoopSpans.Add((Instructions, Instructions));
                    break;
                case Opcode.End:
                    if (_open.Count > 0)
                    {
                        if (loop != _open[^1])
                        {
                            LoopSpans[loop] = LoopSpans[loop] with { End = Instructions };
                        }

                        loop = _open[^1];
                        _open.RemoveAt(_open.Count - 1);
                    }

                    break;
                case Opcode.LocalSet or Opcode.LocalTee:
                    NoteSet(reader.ReadIndex());
                    continue;
                case Opcode.Call or Opcode.CallIndirect or Opcode.ReturnCall or Opcode.ReturnCallIndirect
                    or Opcode.MemoryGrow or Opcode.TableGrow:
                    HasCalls = true;
                    _calls.Add(Instructions);
                    break;
                default:
                    break;
            }

            Memories |= Immediates.Skip(ref reader, opcode);
        }
    }

    private static bool IsNoShift(Opcode opcode) =>
        opcode is (>= Opcode.I32Load and <= Opcode.I64Load32U) or Opcode.I32Const or Opcode.I64Const or Opcode.GlobalGet
        || SimpleInstructions.Find(opcode) is { Combination: Combination.None };

    private void NoteSet(int variable)
    {
        if (!_sets.TryGetValue(variable, out var numbers))
        {
            numbers = [];
            _sets.Add(variable, numbers);
        }

        numbers.Add(Instructions);
    }

    private static bool IsOneBetween(List<int> ascending, int start, int end)
    {
        var first = ascending.BinarySearch(start);
        first = first < 0 ? ~first : first;
        return first < ascending.Count && ascending[first] <= end;
    }
}
