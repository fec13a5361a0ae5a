namespace Larder.Node.Sizing;

/// <summary>Something that takes memory in a container.</summary>
/// <param name="Name">What, in a word or two.</param>
/// <param name="LimitBytes">Bytes at most.</param>
/// <param name="UsualBytes">Bytes when all is as usual.</param>
/// <param name="Rule">How the figures come about.</param>
public sealed record MemoryPart(string Name, long LimitBytes, long UsualBytes, string Rule);
