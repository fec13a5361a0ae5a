namespace Larder.Indexer.State;

/// <summary>
/// How much a loss of power may lose of a store on a disk: always whole blocks from the end. The end of the process alone,
/// however it comes about, loses nothing that was committed.
/// </summary>
/// <param name="BlockCount">Blocks after which what was written is forced to the disk; 0 forces it when the store is closed.</param>
public readonly record struct Durability(int BlockCount)
{
    /// <summary>Every block is on the disk when its commit returns.</summary>
    public static Durability EveryBlock { get; } = new(1);

    /// <summary>The system writes when it likes, and at the latest when the store is closed.</summary>
    public static Durability OnClose { get; } = new(0);

    /// <summary>At most so many blocks are lost.</summary>
    public static Durability Every(int blocks) => new(blocks);
}
