namespace Larder.Indexer.Guests;

/// <summary>
/// How much memory a guest has, in pages of 64 KiB: the same on every machine, so that growing fails at the same page
/// everywhere. Part of the recipe of what the guest makes.
/// </summary>
public sealed record MemoryProfile
{
    /// <summary>Bytes of a page.</summary>
    public const int PageBytes = 64 * 1024;

    /// <summary>Most pages that any guest can have: 4 GiB. A module that declares no maximum stays one page below.</summary>
    public const uint MostPages = 65_536;

    /// <summary>
    /// Pages that the guest begins with, those of <see cref="PreallocatedPages"/> not counted. Not less than the module says.
    /// Null, the default, for what the module says.
    /// </summary>
    public uint? InitialPages { get; init; }

    /// <summary>
    /// Pages at which growing is refused, all pages counted. Not more than the module says. Null, the default, for what the
    /// module says, or one less than <see cref="MostPages"/> where it says nothing.
    /// </summary>
    public uint? MaximumPages { get; init; }

    /// <summary>
    /// Pages that are set aside between the module's own data and its heap, which begins behind them. Default 0. A module is
    /// refused whose maximum has no room for them, or whose heap cannot be shown to begin behind them.
    /// </summary>
    public uint PreallocatedPages { get; init; }

    /// <summary>
    /// Index of the global, imports counted, in which the module has the address where its heap begins; for modules that
    /// neither export nor name it. Its initial value is moved behind the pages that are set aside. Null, the default, to look
    /// for it.
    /// </summary>
    public int? HeapBaseGlobal { get; init; }
}
