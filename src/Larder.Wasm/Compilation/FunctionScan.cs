using Larder.Wasm.Decoding;

namespace Larder.Wasm.Compilation;

/// <summary>What one look over a function's instructions tells before its code is made.</summary>
internal sealed class FunctionScan
{
    private readonly List<int> _open = [];

    /// <summary>Instructions outside of loops; what entering the function costs in fuel.</summary>
    public int EntryCost { get; private set; }

    /// <summary>Instructions of each loop without those of loops in it, in order of their start.</summary>
    public List<int> LoopCosts { get; } = [];

    /// <summary>Whether it calls anything.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>Number of instructions.</summary>
    public int Instructions { get; private set; }

    /// <summary>Bit for each of the first 64 memories that it uses.</summary>
    public ulong Memories { get; private set; }

    /// <summary>Looks at a function.</summary>
    public void Run(FunctionBody body)
    {
        _open.Clear();
        LoopCosts.Clear();
        HasCalls = false;
        Instructions = 0;
        EntryCost = 0;
        Memories = 0;
        var reader = new ByteReader(body.Code.Span, body.Offset);
        var loop = -1;
        while (!reader.AtEnd)
        {
            var opcode = reader.ReadOpcode();
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
                    break;
                case Opcode.End:
                    if (_open.Count > 0)
                    {
                        loop = _open[^1];
                        _open.RemoveAt(_open.Count - 1);
                    }

                    break;
                case Opcode.Call or Opcode.CallIndirect or Opcode.ReturnCall or Opcode.ReturnCallIndirect
                    or Opcode.MemoryGrow or Opcode.TableGrow:
                    HasCalls = true;
                    break;
                default:
                    break;
            }

            Memories |= Immediates.Skip(ref reader, opcode);
        }
    }
}
