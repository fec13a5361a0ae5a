using System.Buffers;
using System.CommandLine;
using System.Text;
using Larder.Cli.Images;
using Larder.Cli.Output;
using Larder.Oci.Indexes;
using Larder.Oci.Mounting;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Commands;

/// <summary><c>larder cat</c>: writes a file of an image to standard output, without a mount.</summary>
internal static class CatCommand
{
    private const int BufferBytes = 1024 * 1024;

    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("cat", "Write a file of an image to standard output, without mounting it.")
        {
            Examples =
            [
                ("larder cat debian:12 /etc/os-release", "links are followed inside of the image"),
                ("larder cat oci:./images:app usr/bin/app > app", "from a layout on disk"),
            ],
        };
        var reference = ImageOptions.Reference();
        var path = new Argument<string>("path") { Description = "The file in the image." };
        command.Arguments.Add(reference);
        command.Arguments.Add(path);
        var images = ImageOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var loggers = new StandardErrorLogging(terminal, LogLevel.Error);
            var session = await ImageSession.OpenAsync(images.Read(parsed), loggers, cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                var image = await session.OpenImageAsync(parsed.GetRequiredValue(reference), cancellationToken).ConfigureAwait(false);
                var wanted = parsed.GetRequiredValue(path);
                var node = ImagePaths.Find(image.Tree, Encoding.UTF8.GetBytes(wanted));
                if (node == 0)
                {
                    throw CommandException.NotFound($"The image has no '{wanted}'.");
                }

                if (image.Tree.GetNode(node).Type != LayerEntryType.File)
                {
                    throw new CommandException(ExitCodes.Failure, $"'{wanted}' is no file; 'larder tree' shows what it is.");
                }

                await CopyAsync(image.Content, node, terminal.Output, cancellationToken).ConfigureAwait(false);
                return ExitCodes.Ok;
            }
        });
        return command;
    }

    private static async Task CopyAsync(ImageContent content, int node, Stream output, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (long at = 0; ;)
            {
                var read = await content.ReadAsync(node, at, buffer, cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    break;
                }

                await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                at += read;
            }

            await output.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
