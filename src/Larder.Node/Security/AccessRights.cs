namespace Larder.Node.Security;

/// <summary>What a token allows in a namespace.</summary>
[Flags]
public enum AccessRights : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>GET, HEAD, listing and explaining.</summary>
    Read = 1,

    /// <summary>PUT, DELETE and maintenance.</summary>
    Write = 2,
}
