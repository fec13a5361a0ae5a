using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Larder.Wasm;

/// <summary>The ways in which running code can fail.</summary>
public enum TrapKind
{
    /// <summary>The instruction <c>unreachable</c> was executed.</summary>
    Unreachable,

    /// <summary>An access lies outside of a memory.</summary>
    MemoryOutOfBounds,

    /// <summary>An access lies outside of a table or an element segment.</summary>
    TableOutOfBounds,

    /// <summary>The index of an indirect call lies outside of the table.</summary>
    UndefinedElement,

    /// <summary>An indirect call met a null reference.</summary>
    UninitializedElement,

    /// <summary>An indirect call met a function of another type.</summary>
    IndirectCallTypeMismatch,

    /// <summary>An integer was divided by zero.</summary>
    DivideByZero,

    /// <summary>A division or conversion has a result that the type cannot hold.</summary>
    IntegerOverflow,

    /// <summary>Not-a-number was converted to an integer.</summary>
    InvalidConversion,

    /// <summary>The calls are deeper than the guest's share of the stack.</summary>
    StackOverflow,

    /// <summary>The host interrupted the code, for example because its deadline passed.</summary>
    Interrupted,

    /// <summary>The fuel is used up.</summary>
    OutOfFuel,
}

/// <summary>One frame of a guest stack, innermost first.</summary>
/// <param name="FunctionIndex">Index in the function index space of its module.</param>
/// <param name="Name">The function's name from the name section, or <c>func[index]</c>.</param>
public readonly record struct GuestFrame(int FunctionIndex, string Name);

/// <summary>Why a call of guest code ended without results. Immutable; thread safe.</summary>
public sealed class Trap
{
    private readonly Func<ImmutableArray<GuestFrame>> _walk;
    private ImmutableArray<GuestFrame> _frames;

    internal Trap(TrapKind kind, Func<ImmutableArray<GuestFrame>> walk)
    {
        Kind = kind;
        _walk = walk;
    }

    /// <summary>What happened.</summary>
    public TrapKind Kind { get; }

    /// <summary>What happened, in the words of the specification's test suite.</summary>
    public string Message => Kind switch
    {
        TrapKind.Unreachable => "unreachable",
        TrapKind.MemoryOutOfBounds => "out of bounds memory access",
        TrapKind.TableOutOfBounds => "out of bounds table access",
        TrapKind.UndefinedElement => "undefined element",
        TrapKind.UninitializedElement => "uninitialized element",
        TrapKind.IndirectCallTypeMismatch => "indirect call type mismatch",
        TrapKind.DivideByZero => "integer divide by zero",
        TrapKind.IntegerOverflow => "integer overflow",
        TrapKind.InvalidConversion => "invalid conversion to integer",
        TrapKind.StackOverflow => "call stack exhausted",
        TrapKind.Interrupted => "interrupted",
        TrapKind.OutOfFuel => "out of fuel",
        _ => Kind.ToString(),
    };

    /// <summary>The guest's calls at that moment, innermost first; made when first asked for.</summary>
    public ImmutableArray<GuestFrame> Stack
    {
        get
        {
            if (_frames.IsDefault)
            {
                ImmutableInterlocked.InterlockedInitialize(ref _frames, _walk());
            }

            return _frames;
        }
    }

    /// <summary>The message and the stack, a line each.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Message);
        foreach (var frame in Stack)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n    at {frame.Name}");
        }

        return text.ToString();
    }
}
