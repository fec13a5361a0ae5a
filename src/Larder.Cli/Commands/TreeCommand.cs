using System.CommandLine;
using System.Text;
using Larder.Cli.Images;
using Larder.Cli.Output;
using Larder.Oci.Mounting;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Commands;

/// <summary><c>larder tree</c>: lists what is in an image, without a mount.</summary>
internal static class TreeCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("tree", "List what is in an image, without mounting it or fetching a file.")
        {
            Examples =
            [
                ("larder tree debian:12 /etc", "type, mode, owner, size, time, path; and which layer it is from"),
                ("larder tree debian:12 --depth 1", "the root only"),
                ("larder tree debian:12 --json", "a line of JSON for each path"),
            ],
        };
        var reference = ImageOptions.Reference();
        var path = new Argument<string>("path") { Description = "Where to begin. Default: the root.", Arity = ArgumentArity.ZeroOrOne };
        var depth = new Option<int?>("--depth") { Description = "How many directories to go down. Default: all.", HelpName = "NUMBER" };
        var json = new Option<bool>("--json") { Description = "Print a line of JSON for each path." };
        command.Arguments.Add(reference);
        command.Arguments.Add(path);
        command.Options.Add(depth);
        command.Options.Add(json);
        var images = ImageOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var loggers = new StandardErrorLogging(terminal, LogLevel.Error);
            var session = await ImageSession.OpenAsync(images.Read(parsed), loggers, cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                var image = await session.OpenImageAsync(parsed.GetRequiredValue(reference), cancellationToken).ConfigureAwait(false);
                var wanted = parsed.GetValue(path) ?? "/";
                var node = ImagePaths.Find(image.Tree, Encoding.UTF8.GetBytes(wanted));
                if (node == 0)
                {
                    throw CommandException.NotFound($"The image has no '{wanted}'.");
                }

                var listing = new TreeListing(terminal, image.Tree, parsed.GetValue(json));
                listing.Write(node, parsed.GetValue(depth) ?? int.MaxValue, cancellationToken);
                return ExitCodes.Ok;
            }
        });
        return command;
    }
}
