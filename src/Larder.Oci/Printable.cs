namespace Larder.Oci;

/// <summary>Makes text from elsewhere fit for a message: short, and without control characters.</summary>
internal static class Printable
{
    private const int MaxLength = 200;

    public static string Shorten(string? text, int maxLength = MaxLength)
    {
        if (text is null)
        {
            return string.Empty;
        }

        var shown = text.Length <= maxLength ? text : string.Concat(text.AsSpan(0, maxLength), "…");
        return shown.Any(char.IsControl)
            ? string.Create(shown.Length, shown, static (target, source) =>
            {
                for (var i = 0; i < source.Length; i++)
                {
                    target[i] = char.IsControl(source[i]) ? '?' : source[i];
                }
            })
            : shown;
    }
}
