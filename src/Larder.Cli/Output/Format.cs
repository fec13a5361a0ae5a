using System.Globalization;

namespace Larder.Cli.Output;

/// <summary>Figures for people: short, in binary units, independent of the machine's language.</summary>
internal static class Format
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>Bytes with a binary unit and three figures: <c>1.50 MiB</c>.</summary>
    public static string Bytes(double bytes)
    {
        var unit = 0;
        var value = bytes;
        while (Math.Abs(value) >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        var digits = unit == 0 || Math.Abs(value) >= 100 ? "0" : Math.Abs(value) >= 10 ? "0.0" : "0.00";
        return value.ToString(digits, CultureInfo.InvariantCulture) + " " + Units[unit];
    }

    /// <summary>A capacity in bytes, where -1 has no limit and 0 is off.</summary>
    public static string Capacity(long bytes) => bytes switch
    {
        < 0 => "no limit",
        0 => "off",
        _ => Bytes(bytes),
    };

    /// <summary>A number with thousands apart: <c>12,345</c>.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A number of things, with the right ending.</summary>
    public static string Count(long count, string singular, string plural) => $"{Count(count)} {(count == 1 ? singular : plural)}";

    /// <summary>A part of a whole in per cent; a dash when the whole is nothing.</summary>
    public static string Ratio(long part, long whole) =>
        whole <= 0 ? "–" : (100.0 * part / whole).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    /// <summary>Events in a second.</summary>
    public static string Rate(double perSecond) => perSecond switch
    {
        0 => "0/s",
        < 10 => perSecond.ToString("0.0", CultureInfo.InvariantCulture) + "/s",
        < 10_000 => perSecond.ToString("N0", CultureInfo.InvariantCulture) + "/s",
        _ => (perSecond / 1000).ToString("0.0", CultureInfo.InvariantCulture) + " k/s",
    };

    /// <summary>A length of time in its two largest units: <c>3 h 20 min</c>.</summary>
    public static string Duration(TimeSpan time) => time switch
    {
        { TotalMilliseconds: < 1 } => "0 s",
        { TotalSeconds: < 1 } => $"{time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture)} ms",
        { TotalSeconds: < 60 } => $"{time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s",
        { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds} s",
        { TotalDays: < 1 } => $"{time.Hours} h {time.Minutes} min",
        _ => $"{(int)time.TotalDays} d {time.Hours} h",
    };

    /// <summary>A moment in UTC, to the second; a dash for the default value.</summary>
    public static string Moment(DateTimeOffset moment) =>
        moment == default ? "–" : moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
