namespace Larder.Node;

/// <summary>What a <see cref="NodeException"/> is about.</summary>
public enum NodeErrorKind
{
    /// <summary>A setting is unknown, malformed or contradicts another.</summary>
    Configuration,

    /// <summary>The address cannot be listened on.</summary>
    Listen,

    /// <summary>The node would be open to strangers.</summary>
    Unprotected,

    /// <summary>An image cannot be mounted or unmounted.</summary>
    Mount,
}
