using System.Globalization;

namespace Larder.Samples.Mirror;

/// <summary>The command line.</summary>
internal sealed record MirrorOptions
{
    public const string Usage =
        """
        Usage: mirror SOURCE MOUNTPOINT [options]
          --kept                  survive a crash: a keeper holds the mount and starts this program again
          --no-passthrough        the kernel asks for every page instead of reading files by itself
          --no-plus               listing a directory does not fetch attributes
          --no-open               files are read without being opened
          --threads N             threads that serve requests
          --passthrough-from N    smaller files are served by this program (bytes)
          --read-delay MS         answer reads later, from a task
          --deadline MS           when a request that is not answered fails
          --unmount-deadline MS   how long open files are waited for
        """;

    public string Source { get; private init; } = string.Empty;

    public string MountPoint { get; private init; } = string.Empty;

    public bool IsKept { get; private init; }

    public bool Passthrough { get; private init; } = true;

    public bool NoPlus { get; private init; }

    public bool NoOpen { get; private init; }

    public int Threads { get; private init; }

    public ulong PassthroughFrom { get; private init; }

    public TimeSpan ReadDelay { get; private init; }

    public TimeSpan Deadline { get; private init; } = TimeSpan.FromMinutes(1);

    public TimeSpan UnmountDeadline { get; private init; } = TimeSpan.FromSeconds(10);

    public static MirrorOptions Parse(string[] arguments)
    {
        if (arguments.Length < 2)
        {
            throw new FormatException(Usage);
        }

        var options = new MirrorOptions { Source = Path.GetFullPath(arguments[0]), MountPoint = Path.GetFullPath(arguments[1]) };
        for (var index = 2; index < arguments.Length; index++)
        {
            options = arguments[index] switch
            {
                "--kept" => options with { IsKept = true },
                "--no-passthrough" => options with { Passthrough = false },
                "--no-plus" => options with { NoPlus = true },
                "--no-open" => options with { NoOpen = true },
                "--threads" => options with { Threads = Number(arguments, ++index) },
                "--passthrough-from" => options with { PassthroughFrom = (ulong)Number(arguments, ++index) },
                "--read-delay" => options with { ReadDelay = TimeSpan.FromMilliseconds(Number(arguments, ++index)) },
                "--deadline" => options with { Deadline = TimeSpan.FromMilliseconds(Number(arguments, ++index)) },
                "--unmount-deadline" => options with { UnmountDeadline = TimeSpan.FromMilliseconds(Number(arguments, ++index)) },
                var other => throw new FormatException($"'{other}' is not an option.\n{Usage}"),
            };
        }

        return options;
    }

    private static int Number(string[] arguments, int index) =>
        index < arguments.Length && int.TryParse(arguments[index], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"'{arguments[index - 1]}' wants a number.\n{Usage}");
}
