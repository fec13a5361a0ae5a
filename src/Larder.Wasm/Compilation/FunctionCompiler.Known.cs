namespace Larder.Wasm.Compilation;

// What is known of addresses, without guard pages: which are inside the memory.
//
// A local that was checked up to some offset is good for all accesses below it until it is set: memories do not become
// shorter while a function runs, except where a host restores an image, so all is forgotten at calls. The same holds for
// the sum of a local and a constant, and for locals that such sums were stored to. When (v + c) plus so many bytes is
// within the memory, then v + c + d for smaller d does not wrap around, since memories end at 4 GiB.
//
// What lies behind a label is known from where its block begins, because every way to the label comes from there.
internal sealed partial class FunctionCompiler
{
    private const int MostChecked = 16;

    // What Operand.Variable says of a constant, which is the addend then.
    private const int Constant = -2;

    private readonly List<CheckedAddresses> _checked = [];

    // For each local the number of its last set, in the order of the code.
    private readonly Dictionary<int, int> _versions = [];

    // Locals that hold the sum of another local and a constant.
    private readonly Dictionary<int, StoredSum> _sums = [];
    private int _sets;
    private int _callsSeen;

    private void ResetChecks()
    {
        _checked.Clear();
        _versions.Clear();
        _sums.Clear();
        _sets = 0;
        _callsSeen = 0;
        _lengthLocal = -1;
    }

    private int VersionOf(int variable) => _versions.GetValueOrDefault(variable);

    // The value of a local now.
    private Operand Named(int variable) => new(WasmType.I32, Raw: false, MaybeShift: false, variable, VersionOf(variable));

    // The local that an operand is a constant away from, and the constant; -1 when there is none.
    private (int Variable, uint Addend) RootOf(Operand operand)
    {
        if (operand.Variable < 0 || operand.Version != VersionOf(operand.Variable))
        {
            return (-1, 0);
        }

        return _sums.TryGetValue(operand.Variable, out var sum)
            && sum.Version == operand.Version
            && sum.RootVersion == VersionOf(sum.Root)
            ? (sum.Root, sum.Addend + operand.Addend)
            : (operand.Variable, operand.Addend);
    }

    private void NameTop(int variable, uint addend = 0)
    {
        if (!options.Guard)
        {
            _operands[^1] = _operands[^1] with
            {
                Variable = variable,
                Version = variable < 0 ? 0 : VersionOf(variable),
                Addend = addend,
            };
        }
    }

    // The sum or difference of the two operands at the top, as far as it is one of a local and a constant.
    private (int Variable, uint Addend) SumOfTop(Opcode opcode)
    {
        if (options.Guard || opcode is not (Opcode.I32Add or Opcode.I32Sub))
        {
            return (-1, 0);
        }

        var (left, right) = (_operands[^2], _operands[^1]);
        if (left.Variable == Constant && opcode == Opcode.I32Add)
        {
            (left, right) = (right, left);
        }

        return right.Variable == Constant && left.Variable >= 0 && left.Version == VersionOf(left.Variable)
            ? (left.Variable, opcode == Opcode.I32Add ? left.Addend + right.Addend : left.Addend - right.Addend)
            : (-1, 0);
    }

    // A local was set to what was this operand.
    private void NoteSet(int variable, Operand value = default)
    {
        if (options.Guard)
        {
            return;
        }

        var (root, addend) = value.Type == WasmType.I32 ? RootOf(value) : (-1, 0);
        _versions[variable] = ++_sets;
        _sums.Remove(variable);
        if (root >= 0 && root != variable)
        {
            _sums.Add(variable, new StoredSum(_sets, root, VersionOf(root), addend));
        }
    }

    private void NoteCall()
    {
        _callsSeen++;
        _checked.Clear();
    }

    private bool IsChecked(Operand operand, ulong end)
    {
        if (operand.Variable < 0 || operand.Version != VersionOf(operand.Variable))
        {
            return false;
        }

        var (root, addend) = RootOf(operand);
        foreach (var known in _checked)
        {
            if (known.Covers(operand.Variable, operand.Version, operand.Addend, end)
                || known.Covers(root, VersionOf(root), addend, end))
            {
                return true;
            }
        }

        return false;
    }

    private void Remember(Operand operand, Reach reach)
    {
        var (root, addend) = RootOf(operand);
        if (root < 0)
        {
            return;
        }

        Remember(root, addend - (uint)reach.Before, reach.Before + reach.End);
        if (root != operand.Variable)
        {
            Remember(operand.Variable, operand.Addend - (uint)reach.Before, reach.Before + reach.End);
        }
    }

    private void Remember(int variable, uint addend, ulong end)
    {
        var version = VersionOf(variable);
        if (_checked.Count == MostChecked)
        {
            _checked.RemoveAt(0);
        }

        _checked.Add(new CheckedAddresses(variable, version, addend, end));
    }

    private void EnterChecks(Frame frame)
    {
        if (!options.Guard)
        {
            frame.Checked = [.. _checked];
            frame.CallsBefore = _callsSeen;
        }
    }

    // Goes back to what was known where the block began, at its else or at its end.
    private void RecallChecks(Frame frame, bool isEnd)
    {
        if (options.Guard)
        {
            return;
        }

        _checked.Clear();
        _sums.Clear();
        if (isEnd && frame.CallsBefore != _callsSeen)
        {
            return;
        }

        foreach (var known in frame.Checked)
        {
            if (known.Version == VersionOf(known.Variable))
            {
                _checked.Add(known);
            }
        }
    }

    // Forgets what an iteration before may have changed.
    private void ForgetForLoop(Frame frame, int start, int end, bool calls)
    {
        for (var depth = frame.Height; depth < _operands.Count; depth++)
        {
            _operands[depth] = _operands[depth] with { Variable = -1 };
        }

        _sums.Clear();
        _checked.RemoveAll(known => calls || _scan.SetsBetween(known.Variable, start, end));
    }

    /// <summary>
    /// The sum of a local, while it has this version, and a constant is an address with so many bytes of memory behind it.
    /// </summary>
    private readonly record struct CheckedAddresses(int Variable, int Version, uint Addend, ulong End)
    {
        public bool Covers(int variable, int version, uint addend, ulong end) =>
            variable == Variable && version == Version && unchecked(addend - Addend) + end <= End;
    }

    /// <summary>A local, while it has this version, holds the sum of another one in one of its versions and a constant.</summary>
    private readonly record struct StoredSum(int Version, int Root, int RootVersion, uint Addend);
}
