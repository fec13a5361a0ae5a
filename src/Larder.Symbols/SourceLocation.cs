namespace Larder.Symbols;

/// <summary>Where a symbol stands in source code.</summary>
/// <param name="File">The file, as the compiler was given it.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The column, from 1.</param>
/// <param name="Length">How many columns it takes on that line; 0 when it goes on to others.</param>
public sealed record SourceLocation(string File, int Line, int Column, int Length);
