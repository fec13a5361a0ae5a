namespace Larder.Wasm;

/// <summary>One frame of a guest stack, innermost first.</summary>
/// <param name="FunctionIndex">Index in the function index space of its module.</param>
/// <param name="Name">The function's name from the name section, or <c>func[index]</c>.</param>
public readonly record struct GuestFrame(int FunctionIndex, string Name);
