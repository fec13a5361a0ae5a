namespace Larder.Handlers.Contract;

/// <summary>A few lines of a handler's source around a place.</summary>
/// <param name="Code">The lines, each with its number in four columns; <c>&gt;</c> marks the line of the place.</param>
/// <param name="HighlightLine">The line of the place in the source, from 1.</param>
public sealed record SourceSnippet(string Code, int HighlightLine);
