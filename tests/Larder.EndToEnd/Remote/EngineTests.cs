namespace Larder.EndToEnd.Remote;

/// <summary>
/// Tests on real engines run one class at a time and apart from others: some count what this process allocates, and most
/// have a server of their own.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EngineTests
{
    public const string Name = "engines";
}
