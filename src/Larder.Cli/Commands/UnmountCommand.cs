using System.CommandLine;
using System.Diagnostics;
using Larder.Cli.Images;
using Larder.Fuse;

namespace Larder.Cli.Commands;

/// <summary><c>larder unmount</c>: ends mounts of images.</summary>
internal static class UnmountCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("unmount", "End mounts of images, and wait until their processes are gone.")
        {
            Examples =
            [
                ("larder unmount /mnt/app", "refused while a program uses it"),
                ("larder unmount --lazy /mnt/app", "takes it away; what is open stays readable until it is closed"),
                ("larder unmount --all", "every mount of this user"),
            ],
        };
        var directories = new Argument<string[]>("directory") { Description = "Where they are.", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "Every mount of this user." };
        var lazy = new Option<bool>("--lazy", "-l") { Description = "Although they are in use." };
        command.Arguments.Add(directories);
        command.Options.Add(all);
        command.Options.Add(lazy);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var registry = new MountRegistry(terminal);
            string[] paths = [.. (parsed.GetValue(directories) ?? []).Select(FuseMounts.Resolve)];
            if (parsed.GetValue(all))
            {
                paths = [.. registry.List().Select(static mount => mount.MountPoint)];
            }
            else if (paths.Length == 0)
            {
                throw CommandException.Usage("Say which mount to end, or --all; 'larder mounts' lists them.");
            }

            foreach (var path in paths)
            {
                await EndAsync(registry, path, parsed.GetValue(lazy), cancellationToken).ConfigureAwait(false);
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>Unmounts, and waits until the process of the mount is gone.</summary>
    public static async Task EndAsync(MountRegistry registry, string path, bool lazily, CancellationToken cancellationToken)
    {
        var status = registry.Find(path);
        var lower = status?.LowerMountPoint;
        if (FuseMounts.Find(path) is not { } mount || (lower is null && !mount.Type.StartsWith("fuse.larder", StringComparison.Ordinal)))
        {
            throw CommandException.NotFound($"No image is mounted on {path}; 'larder mounts' lists them.");
        }

        // The process sees that its mount is gone, and ends by itself.
        FuseMounts.Unmount(path, lazily);
        if (lower is not null && FuseMounts.Find(lower) is not null)
        {
            FuseMounts.Unmount(lower, lazily: true);
        }

        var began = Stopwatch.GetTimestamp();
        while (status is not null && Directory.Exists($"/proc/{status.ProcessId}") && registry.Find(path)?.ProcessId == status.ProcessId)
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new CommandException(ExitCodes.Failure, $"{path} is unmounted, but its process {status.ProcessId} has not ended; files of it are open.");
            }

            await Task.Delay(Glance, cancellationToken).ConfigureAwait(false);
        }
    }
}
