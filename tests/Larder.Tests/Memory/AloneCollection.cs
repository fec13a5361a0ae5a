namespace Larder.Tests.Memory;

/// <summary>Tests that measure the whole process's memory run when nothing else does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
