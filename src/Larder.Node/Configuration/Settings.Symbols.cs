using System.Globalization;

namespace Larder.Node.Configuration;

/// <content>Symbols.</content>
internal static partial class Settings
{
    private static Setting[] Symbols() =>
    [
        Switch("symbols.enabled", "Whether the node finds symbols of modules.",
            static options => options.Symbols.Enabled,
            static (options, value) => options with { Symbols = options.Symbols with { Enabled = value } }),
        List("symbols.folders", "Folders whose modules clients may have loaded; the installed framework may always be.",
            "folders with commas between",
            static _ => true,
            static options => options.Symbols.Folders,
            static (options, value) => options with { Symbols = options.Symbols with { Folders = [.. value.Select(Path.GetFullPath)] } }),
        Bytes("symbols.memory", "Most memory of the symbol caches, at least 64KiB.",
            static options => options.Symbols.MemoryBytes,
            static (options, value) => options with { Symbols = options.Symbols with { MemoryBytes = value } }),
        new()
        {
            Name = "symbols.max-modules",
            Help = "Most modules that are loaded at a time.",
            Form = "a number from 1 to 65536",
            Show = static options => options.Symbols.MaxModules.ToString(CultureInfo.InvariantCulture),
            Apply = static (options, text) =>
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value is >= 1 and <= 65536
                    ? options with { Symbols = options.Symbols with { MaxModules = value } }
                    : null,
        },
    ];
}
