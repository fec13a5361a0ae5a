using Larder.Cache.Fingerprints;

namespace Larder.Oci.Mounting;

/// <summary>What is kept with the mount of an image: a mark, what its node numbers mean, and the recipe that leads to it.</summary>
internal static class KeptImage
{
    private static ReadOnlySpan<byte> Mark => "LRDRIMG1"u8;

    public static byte[] Encode(Fingerprint numbering, ReadOnlySpan<byte> recipe) => [.. Mark, .. numbering.ToArray(), .. recipe];

    public static bool TryDecode(ReadOnlySpan<byte> state, out Fingerprint numbering, out ReadOnlySpan<byte> recipe)
    {
        numbering = default;
        recipe = default;
        if (!state.StartsWith(Mark) || state.Length < Mark.Length + Fingerprint.Size)
        {
            return false;
        }

        numbering = new Fingerprint(state.Slice(Mark.Length, Fingerprint.Size));
        recipe = state[(Mark.Length + Fingerprint.Size)..];
        return true;
    }
}
