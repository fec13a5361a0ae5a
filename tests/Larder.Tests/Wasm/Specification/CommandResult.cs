namespace Larder.Tests.Wasm.Specification;

/// <summary>What became of one command of a script.</summary>
/// <param name="File">Name of the script.</param>
/// <param name="Place">Line of the command; <c>line.2</c> for the second command of a line, and so on.</param>
/// <param name="Command">The command's type.</param>
/// <param name="Failure">What went wrong; null when it passed.</param>
internal sealed record CommandResult(string File, string Place, string Command, string? Failure)
{
    public override string ToString() => $"{File} {Place} {Command}: {Failure ?? "passed"}";
}
