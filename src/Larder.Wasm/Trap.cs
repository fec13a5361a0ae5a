using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Larder.Wasm;

/// <summary>Why a call of guest code ended without results. Immutable; thread safe.</summary>
public sealed class Trap
{
    // Given how many frames are wanted at most, and called when they are.
    private readonly Func<int, ImmutableArray<GuestFrame>> _walk;
    private ImmutableArray<GuestFrame> _frames;

    internal Trap(TrapKind kind, Func<int, ImmutableArray<GuestFrame>> walk, string? message = null)
    {
        Kind = kind;
        _walk = walk;
        Message = message ?? Describe(kind);
    }

    /// <summary>What happened.</summary>
    public TrapKind Kind { get; }

    /// <summary>
    /// What happened, in the words of the specification's test suite, or those of the host function that refused a call.
    /// </summary>
    public string Message { get; }

    /// <summary>The guest's calls at that moment, innermost first; made when first asked for.</summary>
    public ImmutableArray<GuestFrame> Stack
    {
        get
        {
            if (_frames.IsDefault)
            {
                ImmutableInterlocked.InterlockedInitialize(ref _frames, _walk(int.MaxValue));
            }

            return _frames;
        }
    }

    /// <summary>
    /// The innermost of the guest's calls, no more than so many: of a stack that was used up there are hundreds of thousands, and
    /// naming one takes a microsecond.
    /// </summary>
    public ImmutableArray<GuestFrame> Innermost(int most)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(most);
        return _walk(most);
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

    private static string Describe(TrapKind kind) => kind switch
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
        _ => kind.ToString(),
    };
}
