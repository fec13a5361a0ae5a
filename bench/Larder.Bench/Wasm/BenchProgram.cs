using System.Globalization;

namespace Larder.Bench.Wasm;

/// <summary>A program that both engines run.</summary>
/// <param name="Group">The group whose geometric mean it counts to.</param>
/// <param name="Name">Its name, unique over all groups.</param>
/// <param name="Kind">"wasm" for an export that is called, "javascript" for a script that QuickJS runs.</param>
/// <param name="File">The module.</param>
/// <param name="Entry">The export, or the file of the script.</param>
/// <param name="Argument">What the export is given.</param>
internal sealed record BenchProgram(string Group, string Name, string Kind, string File, string Entry, int Argument)
{
    /// <summary>What a runner is told to make the program known.</summary>
    public string Command => string.Join(
        '\t', "add", Name, Kind, File, Entry, Argument.ToString(CultureInfo.InvariantCulture));
}
