using System.CommandLine;
using Larder.Cli.Images;
using Larder.Fuse;
using Larder.Oci.References;

namespace Larder.Cli.Commands;

/// <summary><c>larder mount</c>: shows an image as a directory, at once, and fetches what is read.</summary>
internal static class MountCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand(
            "mount", "Show a container image as a directory. Files are fetched when they are read, and kept.")
        {
            Examples =
            [
                ("larder mount debian:12 /mnt/debian", "in the background, until 'larder unmount /mnt/debian'"),
                ("larder mount oci:./images:app /mnt/app --writable /var/tmp/app", "from a layout on disk, with changes kept in a directory"),
                ("larder mount localhost:5000/app /mnt/app --remote http://cache.example:7070", "with layers that nodes share"),
                ("larder mount app:2 /mnt/app --record start", "notes what a start reads, for 'larder prefetch'"),
            ],
        };
        var reference = ImageOptions.Reference();
        var directory = new Argument<string>("directory") { Description = "Where it is to be seen. Made if it is missing." };
        command.Arguments.Add(reference);
        command.Arguments.Add(directory);
        var images = ImageOptions.AddTo(command, terminal);
        var foreground = new Option<bool>("--foreground", "-f") { Description = "Stay in the foreground until the mount ends or Ctrl+C." };
        var writable = new Option<string?>("--writable")
        {
            Description = "Allow changes, and keep them in this directory; the image stays as it is.",
            HelpName = "DIRECTORY",
        };
        var record = new Option<string?>("--record") { Description = "Note which files are used, under this name.", HelpName = "NAME" };
        var noPassthrough = new Option<bool>("--no-passthrough") { Description = "Serve every read here, also where the kernel could read a file by itself." };
        var deadline = new Option<TimeSpan>("--read-deadline")
        {
            Description = "How long a read waits for bytes that cannot be had before it fails. Default: 5m.",
            HelpName = "TIME",
            CustomParser = Quantities.ParseTime,
            DefaultValueFactory = static _ => TimeSpan.FromMinutes(5),
        };
        var json = new Option<bool>("--json") { Description = "Print the mount as JSON once it can be used." };
        foreach (var option in (Option[])[foreground, writable, record, noPassthrough, deadline, json])
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = new MountRequest
            {
                Reference = Absolute(parsed.GetRequiredValue(reference)),
                MountPoint = MakeMountPoint(parsed.GetRequiredValue(directory)),
                Settings = images.Read(parsed),
                Passthrough = !parsed.GetValue(noPassthrough),
                WritableDirectory = parsed.GetValue(writable) is { } changes ? Path.GetFullPath(changes) : null,
                Record = parsed.GetValue(record),
                ReadDeadline = parsed.GetValue(deadline),
            };
            CheckWritable(request);
            request.Settings.ExportCredential();
            if (parsed.GetValue(foreground))
            {
                return await MountProcess.KeepAsync(terminal, request, cancellationToken).ConfigureAwait(false);
            }

            var ready = await MountLauncher.StartAsync(terminal, request, cancellationToken).ConfigureAwait(false);
            terminal.Say(parsed.GetValue(json) ? ready.IndentStatus() : ready.What);
            return ExitCodes.Ok;
        });
        return command;
    }

    // The processes of the mount may work elsewhere.
    private static string Absolute(string text)
    {
        var reference = ImageReference.Parse(text);
        return reference.IsLayout
            ? ImageReference.OfLayout(Path.GetFullPath(reference.Repository), reference.Tag, reference.Digest).ToString()
            : reference.ToString();
    }

    private static string MakeMountPoint(string directory)
    {
        var full = FuseMounts.Resolve(directory);
        if (FuseMounts.Find(full) is null && !Directory.Exists(full))
        {
            Directory.CreateDirectory(full);
        }

        return full;
    }

    private static void CheckWritable(MountRequest request)
    {
        if (request.WritableDirectory is { } changes && (changes + "/").StartsWith(request.MountPoint + "/", StringComparison.Ordinal))
        {
            throw CommandException.Usage($"'--writable {changes}' lies inside of the mount; choose a directory elsewhere.");
        }

        if (request.WritableDirectory is not null && FuseMounts.Find(request.MountPoint) is { } mount)
        {
            throw new CommandException(ExitCodes.Failure, $"{request.MountPoint} holds a mount of {mount.Source} already; unmount it first.");
        }
    }
}
