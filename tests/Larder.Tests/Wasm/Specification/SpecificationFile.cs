namespace Larder.Tests.Wasm.Specification;

/// <summary>One script of the suite.</summary>
/// <param name="Group">The group that the suite's table puts it in.</param>
/// <param name="Name">Its name without extension; part of it is a directory for some.</param>
/// <param name="Counts">The commands that it must have.</param>
internal sealed record SpecificationFile(string Group, string Name, SpecificationCounts Counts);
