using System.CommandLine;
using Larder.Cli.Output;
using Larder.Node.Configuration;

namespace Larder.Cli.Commands;

/// <summary><c>larder config</c>: shows every setting, its value and where that came from.</summary>
internal static class ConfigCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("config", "Show every setting that 'larder serve' would use, and where its value comes from.")
        {
            Examples =
            [
                ("larder config", "file, environment and defaults put together"),
                ("larder config --changed", "only what differs from the defaults"),
                ("larder config --memory 2GiB --json", "what 'larder serve' would make of these options, for a program"),
                ("LARDER_DISK__CAPACITY=100GiB larder config", "the environment names groups with two underscores"),
            ],
        };
        var changed = new Option<bool>("--changed") { Description = "Only settings that do not have their default." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var noColour = new Option<bool>("--no-color") { Description = "Print without colour, like NO_COLOR=1." };
        command.Options.Add(changed);
        command.Options.Add(json);
        command.Options.Add(noColour);
        var settings = SettingOptions.AddTo(command, terminal);
        command.SetAction(parsed =>
        {
            terminal.ColourIsOff = parsed.GetValue(noColour);
            var configuration = settings.Load(parsed);
            var rows = configuration.Describe()
                .Where(row => !parsed.GetValue(changed) || row.Origin != SettingOrigin.Default)
                .ToArray();
            if (parsed.GetValue(json))
            {
                CliJson.Write(terminal, rows, CliJson.Default.ConfiguredSettingArray);
                return ExitCodes.Ok;
            }

            var columns = new Columns("SETTING", "VALUE", "FROM");
            foreach (var row in rows)
            {
                columns.Add(row.Name, row.Value.Length == 0 ? "–" : row.Value, From(row));
            }

            columns.Write(terminal);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string From(ConfiguredSetting row) => row.Origin switch
    {
        SettingOrigin.Default => "default",
        SettingOrigin.File => row.Source ?? "file",
        SettingOrigin.Environment => $"${row.Source}",
        _ => row.Source ?? "flag",
    };
}
