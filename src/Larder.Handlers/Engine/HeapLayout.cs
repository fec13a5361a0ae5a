namespace Larder.Handlers.Engine;

/// <summary>
/// What has to be known of an engine to read its values where they lie in its memory; the default when that is not known.
/// </summary>
/// <param name="AtomTable">Address of the pointer to the table of names.</param>
/// <param name="ToJson">The number of the name <c>toJSON</c>.</param>
/// <param name="ObjectPrototype">Address of <c>Object.prototype</c>.</param>
/// <param name="ArrayPrototype">Address of <c>Array.prototype</c>.</param>
internal readonly record struct HeapLayout(int AtomTable, int ToJson, int ObjectPrototype, int ArrayPrototype)
{
    /// <summary>Whether it is known.</summary>
    public bool IsKnown => AtomTable != 0;
}
