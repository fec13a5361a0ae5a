using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Larder.Oci.References;

/// <summary>What an image runs on, written <c>os/architecture[/variant]</c>, such as <c>linux/amd64</c> or <c>linux/arm/v7</c>.</summary>
/// <param name="Os">The operating system, as Go calls it: <c>linux</c>.</param>
/// <param name="Architecture">The architecture, as Go calls it: <c>amd64</c>, <c>arm64</c>.</param>
/// <param name="Variant">The variant, such as <c>v7</c>; null when it does not matter.</param>
public sealed record ImagePlatform(string Os, string Architecture, string? Variant = null)
{
    private const int MaxPartLength = 64;

    /// <summary>The platform of this machine.</summary>
    public static ImagePlatform Current { get; } = new(
        OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "darwin" : "linux",
        RuntimeInformation.OSArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => "amd64",
            System.Runtime.InteropServices.Architecture.X86 => "386",
            System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
            System.Runtime.InteropServices.Architecture.Arm => "arm",
            System.Runtime.InteropServices.Architecture.Ppc64le => "ppc64le",
            System.Runtime.InteropServices.Architecture.S390x => "s390x",
            System.Runtime.InteropServices.Architecture.LoongArch64 => "loong64",
            System.Runtime.InteropServices.Architecture.RiscV64 => "riscv64",
            var other => other.ToString().ToLowerInvariant(),
        },
        RuntimeInformation.OSArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.Arm => "v7",
            System.Runtime.InteropServices.Architecture.Armv6 => "v6",
            _ => null,
        });

    /// <summary>Whether this is an entry that is no image, such as the attestations that build tools add.</summary>
    public bool IsUnknown => Os == "unknown" || Architecture == "unknown";

    /// <summary>Takes a platform from its text; common other names of architectures are understood.</summary>
    /// <exception cref="OciException">The text is no platform.</exception>
    public static ImagePlatform Parse(string text) => TryParse(text, out var platform)
        ? platform
        : throw new OciException(
            OciErrorKind.InvalidReference,
            $"'{Printable.Shorten(text)}' is not a platform: write os/architecture[/variant], for example linux/amd64 or linux/arm/v7.");

    /// <summary>Takes a platform from its text; false when the text is none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out ImagePlatform? platform)
    {
        platform = null;
        var parts = text?.Split('/') ?? [];
        if (parts.Length is < 2 or > 3 || !parts.All(static part => part.Length is > 0 and <= MaxPartLength && part.All(IsAllowed)))
        {
            return false;
        }

        platform = Normalize(parts[0], parts[1], parts.Length == 3 ? parts[2] : null);
        return true;
    }

    /// <summary>The platform with the names that Go uses.</summary>
    internal static ImagePlatform Normalize(string os, string architecture, string? variant)
    {
        var (name, implied) = architecture.ToLowerInvariant() switch
        {
            "x86_64" or "x86-64" => ("amd64", null),
            "i386" or "i486" or "i586" or "i686" or "x86" => ("386", null),
            "aarch64" => ("arm64", null),
            "armhf" => ("arm", "v7"),
            "armel" => ("arm", "v6"),
            var other => (other, (string?)null),
        };
        variant = string.IsNullOrEmpty(variant) ? implied : variant.ToLowerInvariant();

        // An arm64 without a variant is v8, and an amd64 without one v1; so they are the same with it.
        var isBase = (name, variant) is ("arm64", "v8" or "8") or ("amd64", "v1");
        return new ImagePlatform(os.ToLowerInvariant(), name, isBase ? null : variant);
    }

    /// <summary>
    /// How well an image for <paramref name="candidate"/> serves where this is wanted: higher is better, negative is not
    /// at all.
    /// </summary>
    /// <remarks>
    /// The very same is best. A lower variant of the same architecture runs too, the higher the better. A 32-bit image
    /// never stands in for a 64-bit one unasked.
    /// </remarks>
    internal int FitOf(ImagePlatform candidate)
    {
        if (candidate.Os != Os || candidate.Architecture != Architecture)
        {
            return -1;
        }

        var wanted = LevelOf(this);
        var offered = LevelOf(candidate);
        if (wanted is null || offered is null)
        {
            return candidate.Variant == Variant ? 1000 : candidate.Variant is null ? 1 : -1;
        }

        return offered == wanted ? 1000 : offered < wanted ? offered.Value : -1;
    }

    /// <summary>Returns <c>os/architecture[/variant]</c>.</summary>
    public override string ToString() => Variant is null ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";

    private static int? LevelOf(ImagePlatform platform)
    {
        var text = platform.Variant ?? platform.Architecture switch
        {
            "amd64" => "v1",
            "arm64" => "v8",
            "arm" => "v7",
            _ => null,
        };
        return text is { Length: 2 } && text[0] == 'v' && char.IsAsciiDigit(text[1]) ? text[1] - '0' : null;
    }

    private static bool IsAllowed(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-';
}
