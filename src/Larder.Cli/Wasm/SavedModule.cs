using System.Text;
using Larder.Wasm;

namespace Larder.Cli.Wasm;

/// <summary>
/// A compiled module as a file: one line of text that says what it was made from and how, then the engine's artifact.
/// The line is <c>larder-wasm 1 sha256:DIGEST checks=guard|explicit fuel=yes|no nans=canonical|any</c>.
/// </summary>
internal static class SavedModule
{
    private const int MostLineBytes = 256;
    private const int DigestCharacters = 64;

    private static ReadOnlySpan<byte> Beginning => "larder-wasm "u8;

    public static bool Is(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Beginning);

    public static byte[] Write(CompiledModule module, string digest)
    {
        var options = module.Options;
        var line = $"larder-wasm 1 sha256:{digest} checks={(module.UsesGuardPages ? "guard" : "explicit")} "
            + $"fuel={(options.Fuel ? "yes" : "no")} nans={(options.CanonicalNaNs ? "canonical" : "any")}\n";
        return [.. Encoding.ASCII.GetBytes(line), .. module.Save()];
    }

    /// <exception cref="CommandException">The line is not one that this command reads.</exception>
    /// <exception cref="WasmException">The artifact is damaged, or was made by another engine or runtime.</exception>
    public static CompiledModule Read(ModuleFile file)
    {
        var end = file.Bytes.AsSpan(0, Math.Min(file.Bytes.Length, MostLineBytes)).IndexOf((byte)'\n');
        var words = end < 0 ? [] : Encoding.ASCII.GetString(file.Bytes, 0, end).Split(' ');
        if (words is not ["larder-wasm", "1", var digest, var checks, var fuel, var nans]
            || !digest.StartsWith("sha256:", StringComparison.Ordinal) || digest.Length != "sha256:".Length + DigestCharacters)
        {
            throw new CommandException(
                ExitCodes.Damaged, $"'{file.Path}' was compiled by another version of larder, or is damaged; compile it again.");
        }

        var options = RunOptions.Compilation(
            explicitChecks: checks == "checks=explicit", fuel: fuel == "fuel=yes", canonicalNaNs: nans == "nans=canonical") with
        {
            MemoryChecks = checks == "checks=explicit" ? MemoryChecks.Explicit : MemoryChecks.Guard,
        };
        return CompiledModule.Load(file.Bytes.AsMemory(end + 1), digest["sha256:".Length..], options);
    }
}
