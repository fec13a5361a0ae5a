namespace Larder.Cli.Stores;

/// <summary>Orders of a listing; ties fall back to the name.</summary>
internal enum ListOrder
{
    /// <summary>By kind and fingerprint.</summary>
    Name,

    /// <summary>By payload length.</summary>
    Size,

    /// <summary>By when it was last used.</summary>
    Used,
}
