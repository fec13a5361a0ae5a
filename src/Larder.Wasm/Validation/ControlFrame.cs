using Larder.Wasm.Decoding;

namespace Larder.Wasm.Validation;

/// <summary>One block that is open at a point of the code.</summary>
/// <param name="Kind">The instruction that opened it; <see cref="Opcode.Block"/> for the function itself.</param>
/// <param name="Type">What it takes and leaves.</param>
/// <param name="Height">Values on the stack below it.</param>
internal record struct ControlFrame(Opcode Kind, BlockType Type, int Height)
{
    /// <summary>Whether the rest of the block cannot be reached: values of any type can be popped then.</summary>
    public bool IsUnreachable { get; set; }
}
