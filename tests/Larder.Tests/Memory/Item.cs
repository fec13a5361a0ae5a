namespace Larder.Tests.Memory;

/// <summary>A value that knows its key and its weight.</summary>
internal sealed record Item(int Key, long Weight);
