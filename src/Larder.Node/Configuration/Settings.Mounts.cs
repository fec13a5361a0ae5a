namespace Larder.Node.Configuration;

/// <content>Mounts of container images.</content>
internal static partial class Settings
{
    private static Setting[] Mounts() =>
    [
        Words("mounts.root", "Directory below which clients may have images mounted; empty for none.",
            "an absolute directory, and not /",
            static options => options.Mounts.Root,
            static (options, value) => options with
            {
                Mounts = options.Mounts with { Root = value is null ? null : Path.TrimEndingDirectorySeparator(Path.GetFullPath(value)) },
            }),
    ];
}
