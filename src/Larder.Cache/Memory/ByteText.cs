using System.Globalization;

namespace Larder.Cache.Memory;

/// <summary>Writes byte counts for people, as <c>512 MiB</c> or <c>1.5 GiB</c>.</summary>
internal static class ByteText
{
    private static readonly string[] Units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>Returns the count in the largest unit of which there is at least one, with one decimal where it matters.</summary>
    public static string Of(long bytes)
    {
        var unit = 0;
        var value = (double)bytes;
        while (Math.Abs(value) >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit]}");
    }
}
