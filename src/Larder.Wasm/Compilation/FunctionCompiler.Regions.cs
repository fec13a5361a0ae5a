using System.Reflection.Metadata;
using Larder.Wasm.Decoding;

namespace Larder.Wasm.Compilation;

// Functions that are too long for the JIT compiler, and the regions that they are split into.
internal sealed partial class FunctionCompiler
{
    // What a region answers when the code behind it is next, and when the function returns; other answers are exits.
    private const int FallThrough = 0;
    private const int Return = 1;
    private const int FirstExit = 2;

    // A method beyond one of these is not optimised by the JIT compiler; a tenth is left as a margin.
    private const int MostCodeBytes = 54_000;
    private const int MostInstructions = 18_000;
    private const int MostBlocks = 1_800;
    private const int MostLocals = 1_800;
    private const int MostLocalReferences = 7_200;

    // Longer functions are left as they are: compiling them well would take the JIT compiler seconds.
    private const int LongestSplit = 256 * 1024;

    private static readonly int[] RegionMinimums = [200, 50];

    private readonly List<RegionCode> _regionCode = [];
    private Dictionary<int, Region> _regions = [];

    // Of the region that is being compiled; null in a whole function.
    private Region? _region;

    // The arguments in which a region has the function's locals: those that it sets by their address.
    private readonly Dictionary<int, int> _regionArguments = [];
    private Func<int, WasmType>? _regionTypes;
    private int _resultArgument;
    private readonly SortedSet<int> _answers = [];

    private bool IsTooLong =>
        _il.Length > MostCodeBytes
        || _il.Instructions > MostInstructions
        || _il.LocalReferences > MostLocalReferences
        || _locals.Count > MostLocals
        || _il.Blocks > MostBlocks;

    // Compiles again with ever more regions, the longest first, until what stays in the function is short enough. No more
    // than that: the JIT compiler inlines nothing any more in a method that has come to 512 variables, and every region
    // that it inlines brings some.
    private MethodCode Split(int defined, MethodCode whole)
    {
        var body = module.Bodies[defined];
        if (body.Code.Length > LongestSplit)
        {
            return whole;
        }

        foreach (var minimum in RegionMinimums)
        {
            var candidates = RegionFinder.Find(module, _type, body, minimum);
            candidates.Sort((first, second) => second.Instructions.CompareTo(first.Instructions));
            for (var count = 1; count <= candidates.Count; count++)
            {
                _regions = candidates.Take(count).ToDictionary(region => region.Start);
                var split = CompileWhole(defined);
                if (!IsTooLong)
                {
                    _regions = [];
                    return split;
                }
            }
        }

        _regions = [];
        return whole;
    }

    // Writes the call of a region where it begins, if the operands allow it.
    private bool TryEnterRegion(ref ByteReader reader)
    {
        if (_regions.Count == 0
            || !_regions.TryGetValue(reader.Position, out var region)
            || _operands.Count != _frames[^1].Height)
        {
            return false;
        }

        var inner = new FunctionCompiler(module, layout, options);
        var code = inner.CompileRegion(this, region);
        _regionCode.Add(code);
        _highest = Math.Max(_highest, _operands.Count + inner._highest);
        CallRegion(region, code);
        _loopsSeen += region.Loops;
        reader.Skip(region.End - region.Start);
        return true;
    }

    private void CallRegion(Region region, RegionCode code)
    {
        foreach (var (variable, isSet) in region.Variables)
        {
            if (!isSet)
            {
                LoadVariable(variable);
            }
            else if (variable < _contextArgument)
            {
                _il.LoadArgumentAddress(variable);
            }
            else
            {
                _il.LoadLocalAddress(variable - _contextArgument);
            }
        }

        if (region.Returns && _type.Results.Length == 1)
        {
            _il.LoadLocalAddress(Slot(_operands.Count, _type.Results[0]));
        }

        _il.LoadArgument(_contextArgument);
        _maxResident = Math.Max(_maxResident, region.Variables.Count + 2);
        _il.Token(ILOpCode.Call, TokenKind.Region, _regionCode.Count - 1);

        NoteCall();
        foreach (var (variable, isSet) in region.Variables)
        {
            if (isSet)
            {
                NoteSet(variable);
            }
        }

        // The last way to go on needs no comparison.
        var answers = code.Answers;
        var answer = Slot(-4, WasmType.I32);
        if (answers.Count <= 1)
        {
            _il.Op(ILOpCode.Pop);
        }
        else
        {
            _il.StoreLocal(answer);
        }

        _reachable = answers.Contains(FallThrough);
        var others = answers.Where(one => one != FallThrough).ToArray();
        for (var index = 0; index < others.Length; index++)
        {
            var isLast = index == others.Length - 1 && !_reachable;
            LeaveRegion(region, others[index], answer, isLast);
        }
    }

    private void LeaveRegion(Region region, int answer, int local, bool isLast)
    {
        if (answer == Return)
        {
            var past = _il.NewLabel();
            if (!isLast)
            {
                _il.LoadLocal(local);
                _il.LoadInt32(answer);
                _il.Branch(ILOpCode.Bne_un, past);
            }

            if (_type.Results.Length == 1)
            {
                LoadSlot(_operands.Count, _type.Results[0]);
            }

            GiveUnitsBack();
            _il.Op(ILOpCode.Ret);
            _il.Mark(past);
            return;
        }

        var frame = _frames[_frames.Count - 1 - region.Exits[answer - FirstExit]];
        frame.IsTarget = true;
        if (isLast)
        {
            _il.Branch(ILOpCode.Br, frame.Label);
            return;
        }

        _il.LoadLocal(local);
        _il.LoadInt32(answer);
        _il.Branch(ILOpCode.Beq, frame.Label);
    }

    private RegionCode CompileRegion(FunctionCompiler outer, Region region)
    {
        _type = outer._type;
        _region = region;
        _scan = outer._scan;
        _loopsSeen = region.LoopsBefore;
        _reachable = true;
        _regionTypes = outer.VariableType;
        var parameters = new List<(WasmType, bool)>();
        foreach (var (variable, isSet) in region.Variables)
        {
            _regionArguments.Add(variable, parameters.Count);
            parameters.Add((outer.VariableType(variable), isSet));
        }

        if (region.Returns && _type.Results.Length == 1)
        {
            _resultArgument = parameters.Count;
            parameters.Add((_type.Results[0], true));
        }

        _contextArgument = parameters.Count;
        _frames.Add(new Frame(FrameKind.Region, _il.NewLabel(), 0, [], []));
        WriteMemoryBases();
        var code = module.Bodies[outer._defined].Code.Span[region.Start..region.End];
        var reader = new ByteReader(code, module.Bodies[outer._defined].Offset + region.Start);
        while (!reader.AtEnd)
        {
            Next(ref reader);
        }

        if (_reachable)
        {
            Answer(FallThrough);
        }

        WriteTraps();
        var (bytes, relocations) = _il.Finish();
        return new RegionCode(
            new MethodCode(bytes, relocations, [.. _locals], _maxResident + 8, []), parameters, _answers, _il.Instructions);
    }

    // A value behind an address is read into a slot at once: the JIT compiler would make up a variable to hold it if
    // anything is stored while it is on the runtime's stack.
    private void GetInRegion(int index)
    {
        var type = VariableType(index);
        _il.LoadArgument(_regionArguments[index]);
        if (_region!.Variables[index])
        {
            var slot = Slot(_operands.Count, type);
            _il.LoadIndirect(type);
            _il.StoreLocal(slot);
            _il.LoadLocal(slot);
        }

        Push(type, maybeShift: true);
    }

    private void SetInRegion(int index)
    {
        var value = PutAside();
        _il.LoadArgument(_regionArguments[index]);
        TakeBack(value);
        _il.StoreIndirect(VariableType(index));
        Pop(1);
    }

    // Leaves the region for the function's end.
    private void ReturnFromRegion()
    {
        if (_type.Results.Length == 1)
        {
            var value = PutAside();
            _il.LoadArgument(_resultArgument);
            TakeBack(value);
            _il.StoreIndirect(_type.Results[0]);
            Pop(1);
        }

        Answer(Return);
    }

    // The answer for a branch that leaves the region, by its depth from the region's own place.
    private int AnswerFor(int depth)
    {
        var exit = Array.IndexOf(_region!.Exits, depth);
        return exit < 0 ? Return : FirstExit + exit;
    }

    private void Answer(int answer)
    {
        DiscardResidents();
        _il.LoadInt32(answer);
        _il.Op(ILOpCode.Ret);
        _answers.Add(answer);
        _reachable = false;
    }
}

/// <summary>A region's method.</summary>
/// <param name="Method">Its code.</param>
/// <param name="Parameters">Types of the variables that it is given, and whether by address; the base comes last.</param>
/// <param name="Answers">How it can be left.</param>
/// <param name="Instructions">Instructions of its code.</param>
internal sealed record RegionCode(
    MethodCode Method,
    List<(WasmType Type, bool IsAddress)> Parameters,
    SortedSet<int> Answers,
    int Instructions);
