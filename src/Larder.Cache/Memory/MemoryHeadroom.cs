namespace Larder.Cache.Memory;

/// <summary>How many more bytes a process may take, and which limit says so.</summary>
/// <param name="Bytes">Bytes; never negative.</param>
/// <param name="LimitedBy">The limit, for people, with its figures.</param>
internal readonly record struct MemoryHeadroom(long Bytes, string LimitedBy);
