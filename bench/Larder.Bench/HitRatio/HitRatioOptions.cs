namespace Larder.Bench.HitRatio;

/// <summary>The command line of the hit-ratio bench.</summary>
internal sealed record HitRatioOptions
{
    public const string Usage = """
        usage: Larder.Bench hit-ratio [options]
          --through cache|policy   the real BoundedCache (default), or its policies in one bare shard
          --policies NAME,...      of frequency, lru, LRU, FIFO, SIEVE, S3-FIFO, WTLFU-10, WTLFU-10AV, GDSF (default: all)
          --trace TEXT             only traces whose name contains TEXT
          --scratch DIRECTORY      where traces that are shared in raw form are decoded to
          --json FILE              writes every figure as JSON
          --quiet                  summaries only
        """;

    public bool ThroughCache { get; init; } = true;

    public string[] Policies { get; init; } = [];

    public string Trace { get; init; } = "";

    public string Scratch { get; init; } = Path.Combine(Path.GetTempPath(), "larder-traces");

    public string? Json { get; init; }

    public bool Quiet { get; init; }

    /// <summary>Reads the arguments; null when they are not understood.</summary>
    public static HitRatioOptions? Parse(string[] arguments)
    {
        HitRatioOptions options = new();

        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--quiet")
            {
                options = options with { Quiet = true };
                continue;
            }

            if (i + 1 == arguments.Length)
            {
                return null;
            }

            string value = arguments[++i];
            HitRatioOptions? next = arguments[i - 1] switch
            {
                "--through" when value is "cache" or "policy" => options with { ThroughCache = value == "cache" },
                "--policies" => options with { Policies = value.Split(',') },
                "--trace" => options with { Trace = value },
                "--scratch" => options with { Scratch = value },
                "--json" => options with { Json = value },
                _ => null,
            };

            if (next is null)
            {
                return null;
            }

            options = next;
        }

        return options;
    }
}
