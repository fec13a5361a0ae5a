namespace Larder.Tests.Arenas;

/// <summary>The process has one preallocated region: tests that take blocks of it run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PreallocatedRegion
{
    public const string Name = "preallocated region";
}
