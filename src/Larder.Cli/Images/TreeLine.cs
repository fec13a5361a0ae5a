namespace Larder.Cli.Images;

/// <summary>One path of <c>larder tree --json</c>.</summary>
internal sealed record TreeLine
{
    public required string Path { get; init; }

    public required string Type { get; init; }

    public required string Mode { get; init; }

    public uint UserId { get; init; }

    public uint GroupId { get; init; }

    public long Size { get; init; }

    public required string Modified { get; init; }

    public uint Links { get; init; }

    public int Layer { get; init; }

    public string? Target { get; init; }

    public string? Device { get; init; }
}
