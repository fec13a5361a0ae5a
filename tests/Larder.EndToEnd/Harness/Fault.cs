namespace Larder.EndToEnd.Harness;

/// <summary>Ways in which a server can let its clients down.</summary>
public enum Fault
{
    /// <summary>Answers everything with 500.</summary>
    Error500,

    /// <summary>Takes the request and never answers.</summary>
    Hang,

    /// <summary>Closes the connection instead of answering.</summary>
    CutAtOnce,

    /// <summary>Announces more bytes than it sends.</summary>
    TruncatedBody,

    /// <summary>Answers every read with the same bytes.</summary>
    WrongBytes,

    /// <summary>Sends a byte a second.</summary>
    SlowDrip,

    /// <summary>Answers everything with 403.</summary>
    Forbidden,

    /// <summary>Answers every write with 413.</summary>
    TooLarge,

    /// <summary>Nobody listens.</summary>
    PortClosed,
}
