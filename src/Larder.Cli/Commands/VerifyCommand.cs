using System.CommandLine;
using Larder.Cli.Stores;

namespace Larder.Cli.Commands;

/// <summary><c>larder verify</c>: reads one artifact, or all, again and checks the bytes.</summary>
internal static class VerifyCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand(
            "verify", "Read an artifact, or all of them, again and check the bytes. What fails is set aside and exits with 4.")
        {
            Examples =
            [
                ("larder verify handler/6e34...c1", "one artifact"),
                ("larder verify --all", "all of them; the same as 'larder scrub'"),
            ],
        };
        var name = new Argument<string?>("artifact")
        {
            Description = "KIND/FINGERPRINT, or a fingerprint with --kind.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        command.Arguments.Add(name);
        var all = new Option<bool>("--all") { Description = "Every artifact; with --kind every one of that kind." };
        command.Options.Add(all);
        var names = NameOptions.AddTo(command, terminal);
        var target = TargetOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var json = target.Json(parsed);
            var key = await names.KeyAsync(parsed, parsed.GetValue(name), cancellationToken).ConfigureAwait(false);
            if ((key is null) != parsed.GetValue(all))
            {
                throw CommandException.Usage("Name one artifact, or give --all; see 'larder verify --help'.");
            }

            var store = await target.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            await using (store.ConfigureAwait(false))
            {
                if (key is null)
                {
                    return await ScrubCommand.RunAsync(terminal, store, names.Kind(parsed), json, cancellationToken).ConfigureAwait(false);
                }

                var result = await store.VerifyAsync(key.Value, cancellationToken).ConfigureAwait(false);
                if (json)
                {
                    var report = new VerifyReport(key.Value.Kind.Name, key.Value.Fingerprint, Word(result));
                    CliJson.Write(terminal, report, CliJson.Default.VerifyReport);
                }

                return result switch
                {
                    VerifyResult.Sound => Say(terminal, json, $"{key} is sound."),
                    VerifyResult.Damaged => throw new CommandException(
                        ExitCodes.Damaged, $"{key} was damaged and is set aside; whoever asks for it makes it again."),
                    _ => throw CommandException.NotFound($"{key} is not in {store.Description}; 'larder ls' lists what is."),
                };
            }
        });
        return command;
    }

    private static string Word(VerifyResult result) => result switch
    {
        VerifyResult.Sound => "sound",
        VerifyResult.Damaged => "damaged",
        _ => "absent",
    };

    private static int Say(Terminal terminal, bool json, string sentence)
    {
        if (!json)
        {
            terminal.Say(sentence);
        }

        return ExitCodes.Ok;
    }
}
