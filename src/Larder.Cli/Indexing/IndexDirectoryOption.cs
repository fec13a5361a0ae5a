using System.CommandLine;

namespace Larder.Cli.Indexing;

/// <summary>The option that says which index a command is about.</summary>
internal static class IndexDirectoryOption
{
    public static Option<string> Create() => new("--dir", "-d")
    {
        Description = "The directory of the index: its module, settings and state.",
        HelpName = "DIRECTORY",
        Required = true,
    };

    public static Option<uint?> Height() => new("--height")
    {
        Description = "Height of the block whose state is read. Default: the last one.",
        HelpName = "HEIGHT",
    };

    public static Option<bool> Json() => new("--json") { Description = "Print JSON." };
}
