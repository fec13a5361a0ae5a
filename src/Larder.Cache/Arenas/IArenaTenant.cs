namespace Larder.Cache.Arenas;

/// <summary>
/// The owner of a block that the arena may move, so that a long block can be had where free room is scattered.
/// </summary>
/// <remarks>
/// The bytes must not change once the owner is attached with <see cref="Arena.Attach"/>. The first two members are
/// called under the arena's lock: they must be short, must not block and must not call the arena.
/// </remarks>
public interface IArenaTenant
{
    /// <summary>Whether the block could be moved now. A hint: nothing is held.</summary>
    bool IsMovable { get; }

    /// <summary>Keeps the block from being freed until <see cref="Unpin"/>; false when somebody reads it or it is going.</summary>
    bool TryPin();

    /// <summary>
    /// Takes <paramref name="destination"/>, which holds the same bytes by now, in place of the pinned block; false
    /// when somebody reads the old one. After true the arena frees the old block.
    /// </summary>
    bool TryMove(ArenaBlock destination);

    /// <summary>Ends a pin. Called after the lock is left; may free the block.</summary>
    void Unpin();
}
