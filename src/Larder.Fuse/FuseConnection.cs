namespace Larder.Fuse;

/// <summary>What was agreed on with the kernel.</summary>
public sealed record FuseConnection
{
    /// <summary>Minor version of the protocol that both sides speak; the major version is 7.</summary>
    public required int Minor { get; init; }

    /// <summary>The largest read, in bytes.</summary>
    public required int MaxReadBytes { get; init; }

    /// <summary>Whether backing files can be handed to the kernel, as far as it has said.</summary>
    public required bool Passthrough { get; init; }

    /// <summary>Whether files are read without being opened.</summary>
    public required bool NoOpen { get; init; }

    /// <summary>Whether requests in flight can be asked for again by a successor.</summary>
    public required bool Resend { get; init; }

    /// <summary>The feature bits that are on, as the protocol has them, low word and high word.</summary>
    public required ulong Features { get; init; }
}
