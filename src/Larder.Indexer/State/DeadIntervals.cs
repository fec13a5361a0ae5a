using System.Collections.Immutable;

namespace Larder.Indexer.State;

/// <summary>The sequences that were rolled back: what they wrote is there and does not count. Immutable.</summary>
internal sealed class DeadIntervals(ImmutableArray<DeadInterval> intervals)
{
    public static DeadIntervals None { get; } = new([]);

    /// <summary>Apart and ascending.</summary>
    public ImmutableArray<DeadInterval> All { get; } = intervals;

    /// <summary>Whether what a commit wrote does not count.</summary>
    public bool Contains(ulong sequence)
    {
        // Few, and the newest are asked for most.
        for (var i = All.Length - 1; i >= 0; i--)
        {
            if (sequence > All[i].Last)
            {
                return false;
            }

            if (sequence >= All[i].First)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>With one more at the end, which takes in those inside it.</summary>
    public DeadIntervals With(DeadInterval added) =>
        new([.. All.Where(interval => interval.Last < added.First), added]);

    /// <summary>Without one.</summary>
    public DeadIntervals Without(DeadInterval removed) => new(All.Remove(removed));
}
