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

    /// <summary>A host function refused what it was called with; see <see cref="HostTrapException"/>.</summary>
    HostFault,
}
