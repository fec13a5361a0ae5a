using System.Collections.Immutable;

namespace Larder.Indexer.State;

/// <summary>What a verification of a store found.</summary>
public sealed record VerifyReport
{
    /// <summary>Blocks whose records were checked.</summary>
    public required long Blocks { get; init; }

    /// <summary>Keys at the tip from whose values the roots were computed again.</summary>
    public required long Keys { get; init; }

    /// <summary>Versions that were superseded and can still be read.</summary>
    public required long OldVersions { get; init; }

    /// <summary>Entries of undo lists.</summary>
    public required long UndoEntries { get; init; }

    /// <summary>What is wrong, at most <see cref="IndexStore.MaxProblems"/>; none for a sound store.</summary>
    public required ImmutableArray<string> Problems { get; init; }

    /// <summary>Whether nothing is wrong.</summary>
    public bool IsSound => Problems.IsEmpty;
}
