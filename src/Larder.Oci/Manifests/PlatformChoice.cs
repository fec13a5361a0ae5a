using Larder.Oci.References;

namespace Larder.Oci.Manifests;

/// <summary>Chooses the image of an index that runs on a platform.</summary>
internal static class PlatformChoice
{
    /// <summary>
    /// The entry that fits best; of equals the first. Entries that are no image are passed over. Null when none fits.
    /// </summary>
    /// <remarks>An entry that does not say what it runs on is taken when it is the only image.</remarks>
    public static Descriptor? Choose(ImageIndex index, ImagePlatform wanted)
    {
        Descriptor? best = null;
        var bestFit = -1;
        var images = 0;
        Descriptor? unsaid = null;
        foreach (var entry in index.Manifests.Where(IsImage))
        {
            images++;
            if (entry.Platform is null)
            {
                unsaid ??= entry;
            }
            else if (wanted.FitOf(entry.Platform) is var fit && fit > bestFit)
            {
                (best, bestFit) = (entry, fit);
            }
        }

        return best ?? (images == 1 ? unsaid : null);
    }

    /// <summary>The platforms that an index has images for, for messages.</summary>
    public static string Describe(IEnumerable<Descriptor> entries)
    {
        var names = entries.Where(IsImage).Select(static entry => entry.Platform?.ToString() ?? "an unnamed platform")
            .Distinct().Take(20).ToArray();
        return names.Length == 0 ? "no platform at all" : string.Join(", ", names);
    }

    private static bool IsImage(Descriptor entry) =>
        MediaTypes.IsManifest(entry.MediaType) && entry.ArtifactType is null && entry.Platform is not { IsUnknown: true };
}
