using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using Larder.Cli.Images;
using Larder.Cli.Output;
using Larder.Oci.Exporting;
using Larder.Oci.Mounting;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Commands;

/// <summary><c>larder export</c>: writes an image's merged tree as an archive or into a directory.</summary>
internal static class ExportCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("export", "Write all files of an image, merged, as an archive or into a directory.")
        {
            Examples =
            [
                ("larder export debian:12 root.tar", "an archive, by its name"),
                ("larder export debian:12 - | gzip > root.tar.gz", "an archive, to standard output"),
                ("larder export debian:12 ./root", "into a new or empty directory, with owners and devices if you are root"),
            ],
        };
        var reference = ImageOptions.Reference();
        var target = new Argument<string>("target") { Description = "A file that ends with .tar, '-' for standard output, or a directory." };
        command.Arguments.Add(reference);
        command.Arguments.Add(target);
        var images = ImageOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var place = parsed.GetRequiredValue(target);
            if (place == "-" && terminal.OutputIsTerminal)
            {
                throw CommandException.Usage("An archive is nothing for a terminal; name a file, or send it on with '|'.");
            }

            if (Directory.Exists(place) && Directory.EnumerateFileSystemEntries(place).Any())
            {
                throw CommandException.Usage($"{place} is not empty; choose a new directory.");
            }

            using var loggers = new StandardErrorLogging(terminal, LogLevel.Error);
            var session = await ImageSession.OpenAsync(images.Read(parsed), loggers, cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                var image = await session.OpenImageAsync(parsed.GetRequiredValue(reference), cancellationToken).ConfigureAwait(false);
                await TransferProgress.BytesAsync(terminal, "writing", image.Tree.FileBytes, async progress =>
                {
                    await (place == "-" ? TarExporter.WriteAsync(image, terminal.Output, progress, cancellationToken)
                        : place.EndsWith(".tar", StringComparison.Ordinal) ? ToFileAsync(image, place, progress, cancellationToken)
                        : ToDirectoryAsync(image, place, progress, cancellationToken)).ConfigureAwait(false);
                    return true;
                }).ConfigureAwait(false);
                return ExitCodes.Ok;
            }
        });
        return command;
    }

    // Renamed when it is whole.
    private static async Task ToFileAsync(OpenedImage image, string path, IProgress<long> progress, CancellationToken cancellationToken)
    {
        var aside = $"{path}.{Environment.ProcessId}.part";
        try
        {
            var file = File.Create(aside);
            await using (file.ConfigureAwait(false))
            {
                await TarExporter.WriteAsync(image, file, progress, cancellationToken).ConfigureAwait(false);
            }

            File.Move(aside, path, overwrite: true);
        }
        finally
        {
            File.Delete(aside);
        }
    }

    private static async Task ToDirectoryAsync(OpenedImage image, string directory, IProgress<long> progress, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        var start = new ProcessStartInfo("tar", ["-x", "-p", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--delay-directory-restore", "-C", directory])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        using var tar = Start(start);
        var errors = tar.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await TarExporter.WriteAsync(image, tar.StandardInput.BaseStream, progress, cancellationToken).ConfigureAwait(false);
            tar.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended before the archive has; what it said is told below.
        }
        catch
        {
            tar.Kill();
            throw;
        }

        await tar.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (tar.ExitCode != 0)
        {
            var said = (await errors.ConfigureAwait(false)).Trim();
            throw new CommandException(ExitCodes.Failure, $"{directory} is incomplete; tar said: {said[..Math.Min(said.Length, 1_000)]}");
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!; // Not null: no shell is used, so a process is always made.
        }
        catch (Win32Exception e)
        {
            throw new CommandException(ExitCodes.Failure, "GNU tar, which writes directories, cannot be started; export a .tar file instead.", e);
        }
    }
}
