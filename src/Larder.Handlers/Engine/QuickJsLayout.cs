namespace Larder.Handlers.Engine;

/// <summary>Where the parts of an engine lie in its memory.</summary>
/// <param name="Runtime">Address of the engine's runtime.</param>
/// <param name="Context">Address of its context.</param>
/// <param name="HeapCounter">Address of the count of the heap's bytes; 0 when unknown.</param>
/// <param name="Scratch">Address of a few bytes for results.</param>
/// <param name="Heap">How values lie in the memory; the default when unknown.</param>
/// <param name="ValueVersion">Version of the engine's binary form of values; 0 when values are not read from it.</param>
internal readonly record struct QuickJsLayout(int Runtime, int Context, int HeapCounter, int Scratch, HeapLayout Heap, int ValueVersion);
