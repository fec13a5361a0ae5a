using System.Text.RegularExpressions;

namespace Larder.Cache.Remote;

/// <summary>Takes secrets out of text that people will see.</summary>
internal static partial class Redaction
{
    /// <summary>An address without user, password, query and fragment.</summary>
    public static string Name(Uri address) => address.GetComponents(
        UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>Text from elsewhere, with the user part of every address and every bearer or basic credential masked.</summary>
    public static string Clean(string text) =>
        Credentials().Replace(UserInfo().Replace(text, "//***@"), "${scheme} ***");

    [GeneratedRegex(@"//[^/\s@]+@", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex UserInfo();

    [GeneratedRegex(
        @"\b(?<scheme>Bearer|Basic)\s+\S+",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Credentials();
}
