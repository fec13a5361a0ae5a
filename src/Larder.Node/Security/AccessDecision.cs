namespace Larder.Node.Security;

/// <summary>The answer of <see cref="AccessGuard"/>.</summary>
internal enum AccessDecision : byte
{
    /// <summary>Go on.</summary>
    Allowed,

    /// <summary>The sender showed no token that is known.</summary>
    Unknown,

    /// <summary>The sender is known, or needs not be, but may not do this.</summary>
    Forbidden,
}
