namespace Larder.Node.Security;

/// <summary>What a token allows in a namespace.</summary>
[Flags]
public enum AccessRights : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>GET, HEAD, listing and explaining.</summary>
    Read = 1,

    /// <summary>PUT, DELETE and maintenance; creating and deleting panels.</summary>
    Write = 2,

    /// <summary>Running handlers and the tools of panels. Comes with <see cref="Write"/>.</summary>
    Execute = 4,
}
