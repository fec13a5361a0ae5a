using Larder.Cache.Memory;

namespace Larder.Cache.Arenas;

/// <content>The one region that a process preallocates before anything else of a runtime.</content>
public sealed partial class Arena
{
    private static readonly Lock PreallocationGate = new();
    private static Arena? _preallocated;

    /// <summary>The region of <see cref="EnsurePreallocated"/>; null before its first call has succeeded.</summary>
    public static Arena? Preallocated => Volatile.Read(ref _preallocated);

    /// <summary>
    /// Gives the process's preallocated region, creating it if this is the first call. To be called at the very start,
    /// before a runtime allocates anything. Every caller gets the same object, so the same address and size; callers
    /// that come while it is being created wait for it. A failure leaves nothing behind and every call may try again.
    /// </summary>
    /// <param name="options">What the region is to be like. Later callers must ask for the same.</param>
    /// <exception cref="CacheException">
    /// <see cref="CacheErrorKind.Unavailable"/>: the machine cannot give that much; the message names the limit.
    /// <see cref="CacheErrorKind.Configuration"/>: the options are out of range or differ from those of the first call.
    /// </exception>
    public static Arena EnsurePreallocated(ArenaOptions options) => PreallocateOn(options, MachineMemory.OfThisMachine);

    internal static Arena PreallocateOn(ArenaOptions options, MachineMemory machine)
    {
        ArgumentNullException.ThrowIfNull(options);
        var arena = Preallocated;
        if (arena is null)
        {
            lock (PreallocationGate)
            {
                arena = _preallocated;
                if (arena is null)
                {
                    arena = new Arena(options, machine, permanent: true);
                    Volatile.Write(ref _preallocated, arena);
                }
            }
        }

        return arena.Options == options
            ? arena
            : throw new CacheException(
                CacheErrorKind.Configuration,
                $"This process has preallocated an arena as {arena.Options}, and is now asked for {options}: ask for the same everywhere.");
    }
}
