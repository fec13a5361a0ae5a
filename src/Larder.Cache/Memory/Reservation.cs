namespace Larder.Cache.Memory;

/// <summary>
/// Weight that is booked in a cache before the bytes come. Dispose gives back what no put has used; a put that takes
/// it leaves it empty.
/// </summary>
/// <remarks>A structure: use one copy, from one thread at a time.</remarks>
public struct Reservation : IDisposable
{
    private readonly IReservationSource? _source;

    internal Reservation(IReservationSource source, long bytes)
    {
        _source = source;
        Bytes = bytes;
    }

    /// <summary>What is booked, in bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>Makes the reservation as large as told, evicting if it must; false, and unchanged, when that fails.</summary>
    /// <exception cref="InvalidOperationException">The reservation was never made.</exception>
    public bool TryResize(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        var source = _source ?? throw new InvalidOperationException("The reservation was never made.");
        if (bytes > Bytes && !source.TryBook(bytes - Bytes))
        {
            return false;
        }

        if (bytes < Bytes)
        {
            source.GiveBack(Bytes - bytes);
        }

        Bytes = bytes;
        return true;
    }

    /// <summary>Gives back what is left.</summary>
    public void Dispose()
    {
        var bytes = Bytes;
        Bytes = 0;
        if (bytes > 0)
        {
            _source?.GiveBack(bytes);
        }
    }

    /// <summary>Takes what is booked over into a put of <paramref name="source"/>.</summary>
    internal long Take(IReservationSource source)
    {
        if (_source is not null && !ReferenceEquals(_source, source))
        {
            throw new ArgumentException("The reservation belongs to another cache.");
        }

        var bytes = Bytes;
        Bytes = 0;
        return bytes;
    }
}
