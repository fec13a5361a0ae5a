using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Larder.Cache.Memory;

/// <summary>One budget, of bytes or of entries, that all shards of a cache and all its reservations draw from.</summary>
/// <remarks>
/// What is booked is never above the limit; while the limit has just been lowered below it, nothing more can be
/// booked. A shard books before it inserts and gives back after it removed, so what is booked is an upper bound of
/// what lives at every instant. A budget that has no limit when it is made never gets one and books nothing, so that
/// puts do not pay for it. Safe for use by many threads.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal sealed class EntryBudget(long limit)
{
    private long _limit = limit;
    private long _booked;

    /// <summary>Whether there is a limit, so that bookings count.</summary>
    public bool IsLimited { get; } = limit != long.MaxValue;

    /// <summary>Most that may be booked.</summary>
    public long Limit => Volatile.Read(ref _limit);

    /// <summary>What is booked now.</summary>
    public long Booked => Volatile.Read(ref _booked);

    /// <summary>Whether nothing more can be booked now.</summary>
    public bool IsFull => Volatile.Read(ref _booked) >= Volatile.Read(ref _limit);

    /// <summary>Sets the limit; what is booked above it stays until it is given back.</summary>
    public void SetLimit(long limit) => Volatile.Write(ref _limit, limit);

    /// <summary>Books as much of <paramref name="wanted"/> as there is; returns how much.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long BookUpTo(long wanted) =>
        !IsLimited ? wanted : IsFull ? 0 : BookWhatThereIs(wanted);

    /// <summary>Gives back what was booked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void GiveBack(long amount)
    {
        if (amount != 0 && IsLimited)
        {
            Interlocked.Add(ref _booked, -amount);
        }
    }

    private long BookWhatThereIs(long wanted)
    {
        var booked = Volatile.Read(ref _booked);
        while (true)
        {
            var taken = Math.Min(wanted, Volatile.Read(ref _limit) - booked);
            if (taken <= 0)
            {
                return 0;
            }

            var seen = Interlocked.CompareExchange(ref _booked, booked + taken, booked);
            if (seen == booked)
            {
                return taken;
            }

            booked = seen;
        }
    }
}
