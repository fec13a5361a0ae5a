using Larder.Wasm.Decoding;

namespace Larder.Wasm.Compilation;

/// <summary>
/// Finds the parts of a function that can become methods of their own: whole contents of a block, or what follows the
/// first block in it, which in the code of a large switch is one case. The JIT compiler gives up optimising a method that
/// is too long when it starts to read it; parts that it is told to inline are counted later, and not against that limit.
/// </summary>
/// <remarks>
/// A region begins and ends where its block has no operands, takes no values along when it leaves, and refers to so few
/// locals that they can be handed over.
/// </remarks>
internal sealed class RegionFinder
{
    // What the JIT compiler takes as arguments of a method that it inlines, less the base and a result.
    private const int MostVariables = 28;

    // Behind a region its answer is compared with one exit after the other; the head of a switch would have hundreds.
    private const int MostExits = 6;

    private readonly WasmModule _module;
    private readonly FunctionBody _body;
    private readonly FunctionType _type;
    private readonly List<Node> _open = [];
    private readonly List<Region> _found = [];
    private int _loops;
    private int _instructions;

    private RegionFinder(WasmModule module, FunctionType type, FunctionBody body)
    {
        _module = module;
        _body = body;
        _type = type;
    }

    /// <summary>The regions of a function with at least this many instructions; none lies in another.</summary>
    public static List<Region> Find(WasmModule module, FunctionType type, FunctionBody body, int minimum)
    {
        var finder = new RegionFinder(module, type, body);
        finder.Choose(finder.Outline(), minimum, isFunction: true);
        return finder._found;
    }

    // The tree of blocks.
    private Node Outline()
    {
        var reader = new ByteReader(_body.Code.Span, _body.Offset);
        var root = new Node(0, 0, 0, BranchValues: _type.Results.Length, Results: _type.Results.Length, Parameters: 0);
        _open.Add(root);
        while (!reader.AtEnd)
        {
            var position = reader.Position;
            var opcode = reader.ReadOpcode();
            _instructions++;
            switch (opcode)
            {
                case Opcode.Block or Opcode.Loop or Opcode.If:
                    var type = reader.ReadBlockType();
                    var parameters = type.Parameters(_module).Length;
                    var results = type.Results(_module).Length;
                    if (opcode == Opcode.Loop)
                    {
                        _loops++;
                    }

                    var node = new Node(
                        reader.Position, _instructions, _loops, opcode == Opcode.Loop ? parameters : results, results, parameters)
                    {
                        IsLoop = opcode == Opcode.Loop,
                    };
                    _open[^1].Children.Add(node);
                    _open.Add(node);
                    break;
                case Opcode.Else:
                    var then = _open[^1];
                    Close(then, position);
                    var other = new Node(reader.Position, _instructions, _loops, then.BranchValues, then.Results, then.Parameters);
                    _open[^1] = other;
                    _open[^2].Children.Add(other);
                    break;
                case Opcode.End:
                    Close(_open[^1], position);
                    _open.RemoveAt(_open.Count - 1);
                    if (_open.Count > 0 && _open[^1].FirstChildEnd == 0)
                    {
                        var parent = _open[^1];
                        parent.FirstChildEnd = reader.Position;
                        parent.FirstChildInstructions = _instructions;
                        parent.FirstChildLoops = _loops;
                    }

                    break;
                default:
                    Immediates.Skip(ref reader, opcode);
                    break;
            }
        }

        return root;
    }

    private void Close(Node node, int position)
    {
        node.End = position;
        node.InstructionsEnd = _instructions;
    }

    // Takes the largest regions that can be had, from the outside inward. The frames around are those in _open.
    private void Choose(Node node, int minimum, bool isFunction = false)
    {
        _open.Add(node);
        var isPlain = !isFunction && node.Parameters == 0 && node.Results == 0;
        if (isPlain && node.InstructionsEnd - node.InstructionsStart >= minimum
            && TryAdd(node.Start, node.End, node.LoopsStart, node.InstructionsEnd - node.InstructionsStart))
        {
            _open.RemoveAt(_open.Count - 1);
            return;
        }

        var rest = isPlain && node.FirstChildEnd != 0
            && node.InstructionsEnd - node.FirstChildInstructions >= minimum
            && TryAdd(
                node.FirstChildEnd, node.End, node.FirstChildLoops, node.InstructionsEnd - node.FirstChildInstructions);
        foreach (var child in rest ? node.Children.Where(child => child.Start < node.FirstChildEnd) : node.Children)
        {
            Choose(child, minimum);
        }

        _open.RemoveAt(_open.Count - 1);
    }

    private bool TryAdd(int start, int end, int loops, int instructions)
    {
        var variables = new SortedDictionary<int, bool>();
        var exits = new SortedSet<int>();
        var returns = false;
        var depth = 0;
        var loopsInside = 0;
        var reader = new ByteReader(_body.Code.Span[start..end], _body.Offset + start);
        while (!reader.AtEnd)
        {
            var opcode = reader.ReadOpcode();
            switch (opcode)
            {
                case Opcode.LocalGet:
                    variables.TryAdd(reader.ReadIndex(), false);
                    break;
                case Opcode.LocalSet or Opcode.LocalTee:
                    variables[reader.ReadIndex()] = true;
                    break;
                case Opcode.Block or Opcode.Loop or Opcode.If:
                    reader.ReadBlockType();
                    depth++;
                    loopsInside += opcode == Opcode.Loop ? 1 : 0;
                    break;
                case Opcode.End:
                    depth--;
                    break;
                case Opcode.Br or Opcode.BrIf:
                    if (!Leave(reader.ReadIndex()))
                    {
                        return false;
                    }

                    break;
                case Opcode.BrTable:
                    for (var count = reader.ReadU32() + 1UL; count > 0; count--)
                    {
                        if (!Leave(reader.ReadIndex()))
                        {
                            return false;
                        }
                    }

                    break;
                case Opcode.Return:
                    returns = true;
                    break;
                case Opcode.ReturnCall or Opcode.ReturnCallIndirect:
                    return false;
                default:
                    Immediates.Skip(ref reader, opcode);
                    break;
            }

            if (variables.Count > MostVariables)
            {
                return false;
            }
        }

        if (exits.Count > MostExits || (returns && _type.Results.Length > 1))
        {
            return false;
        }

        _found.Add(new Region(start, end, instructions, loops, loopsInside, variables, [.. exits], returns));
        return true;

        bool Leave(int target)
        {
            var outer = target - depth;
            if (outer < 0)
            {
                return true;
            }

            var frame = _open[_open.Count - 1 - outer];
            if (outer == _open.Count - 1)
            {
                returns = true;
                return true;
            }

            exits.Add(outer);
            return frame.BranchValues == 0;
        }
    }

    private sealed record Node(
        int Start,
        int InstructionsStart,
        int LoopsStart,
        int BranchValues,
        int Results,
        int Parameters)
    {
        public List<Node> Children { get; } = [];

        public bool IsLoop { get; init; }

        public int End { get; set; }

        public int InstructionsEnd { get; set; }

        public int FirstChildEnd { get; set; }

        public int FirstChildInstructions { get; set; }

        public int FirstChildLoops { get; set; }
    }
}

/// <summary>A part of a function that becomes a method.</summary>
/// <param name="Start">First byte of its code in the body.</param>
/// <param name="End">First byte behind it: the end of its block, or its else.</param>
/// <param name="Instructions">Instructions in it.</param>
/// <param name="LoopsBefore">Loops of the function that begin before it.</param>
/// <param name="Loops">Loops in it.</param>
/// <param name="Variables">Locals that it refers to, and whether it sets them.</param>
/// <param name="Exits">Labels outside that it branches to, as depths from where it stands.</param>
/// <param name="Returns">Whether it returns from the function.</param>
internal sealed record Region(
    int Start,
    int End,
    int Instructions,
    int LoopsBefore,
    int Loops,
    SortedDictionary<int, bool> Variables,
    int[] Exits,
    bool Returns);
