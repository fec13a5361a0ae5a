namespace Larder.Node;

/// <summary>Bounds on what clients may ask of a node. Every one has a default that suits a build fleet.</summary>
public sealed record NodeLimits
{
    /// <summary>Largest body of one upload, in bytes. Default 16 GiB.</summary>
    public long BodyBytes { get; init; } = 16L * 1024 * 1024 * 1024;

    /// <summary>Largest body of a request that is read whole, such as an action result, in bytes. Default 16 MiB.</summary>
    public int DocumentBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Most bytes of all header lines of one request together. Default 32 KiB.</summary>
    public int HeaderBytes { get; init; } = 32 * 1024;

    /// <summary>Most header lines of one request. Default 100.</summary>
    public int HeaderCount { get; init; } = 100;

    /// <summary>Longest request line in bytes. Default 8 KiB.</summary>
    public int RequestLineBytes { get; init; } = 8 * 1024;

    /// <summary>Most open connections; more are closed as they come. Default 20,000.</summary>
    public int Connections { get; init; } = 20_000;

    /// <summary>Most uploads that may be stored at one time; more are answered without being stored. Default 256.</summary>
    public int Uploads { get; init; } = 256;

    /// <summary>How long a connection may be idle between requests. Default 120 seconds.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long the header lines of one request may take. Default 15 seconds.</summary>
    public TimeSpan Headers { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Slowest upload that is tolerated, in bytes a second; 0 tolerates any. Default 240.</summary>
    public int MinUploadBytesPerSecond { get; init; } = 240;

    /// <summary>Slowest download that is tolerated, in bytes a second; 0 tolerates any. Default 240.</summary>
    public int MinDownloadBytesPerSecond { get; init; } = 240;

    /// <summary>How long a transfer may be slower than its minimum before the connection is closed. Default 30 seconds.</summary>
    public TimeSpan SlowGrace { get; init; } = TimeSpan.FromSeconds(30);
}
