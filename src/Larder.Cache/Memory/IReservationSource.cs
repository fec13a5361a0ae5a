namespace Larder.Cache.Memory;

/// <summary>What a reservation books its weight in.</summary>
internal interface IReservationSource
{
    /// <summary>Books more, evicting if it must.</summary>
    bool TryBook(long bytes);

    /// <summary>Gives back.</summary>
    void GiveBack(long bytes);
}
