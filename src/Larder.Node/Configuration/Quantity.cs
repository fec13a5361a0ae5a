using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Larder.Node.Configuration;

/// <summary>Reads and writes the values that settings have: <c>512MiB</c>, <c>2s</c>, <c>127.0.0.1:7070</c>.</summary>
public static class Quantity
{
    private static readonly (string Name, long Bytes)[] Sizes =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000),
        ("T", 1L << 40), ("G", 1L << 30), ("M", 1L << 20), ("K", 1L << 10), ("B", 1),
    ];

    private static readonly (string Name, TimeSpan Time)[] Times =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)), ("d", TimeSpan.FromDays(1)),
    ];

    /// <summary>Reads a number of bytes: digits, perhaps a fraction, and perhaps a unit.</summary>
    public static bool TryParseBytes(string text, out long bytes)
    {
        ArgumentNullException.ThrowIfNull(text);
        bytes = 0;
        var trimmed = text.Trim();
        var factor = 1L;
        foreach (var (name, size) in Sizes)
        {
            if (trimmed.EndsWith(name, StringComparison.OrdinalIgnoreCase))
            {
                trimmed = trimmed[..^name.Length].TrimEnd();
                factor = size;
                break;
            }
        }

        if (!decimal.TryParse(trimmed, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number > long.MaxValue / factor)
        {
            return false;
        }

        bytes = (long)(number * factor);
        return true;
    }

    /// <summary>Writes a number of bytes with the largest unit that needs no fraction.</summary>
    public static string FormatBytes(long bytes)
    {
        foreach (var (name, size) in Sizes)
        {
            if (name.Length == 3 && bytes >= size && bytes % size == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{bytes / size}{name}");
            }
        }

        return bytes.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Reads a time: a number with <c>ms</c>, <c>s</c>, <c>m</c>, <c>h</c> or <c>d</c>.</summary>
    public static bool TryParseTime(string text, out TimeSpan time)
    {
        ArgumentNullException.ThrowIfNull(text);
        time = default;
        var trimmed = text.Trim();
        foreach (var (name, unit) in Times)
        {
            if (trimmed.EndsWith(name, StringComparison.OrdinalIgnoreCase)
                && decimal.TryParse(
                    trimmed.AsSpan(0, trimmed.Length - name.Length).TrimEnd(),
                    NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture,
                    out var number)
                && number <= (decimal)(TimeSpan.FromDays(3650) / unit))
            {
                time = TimeSpan.FromTicks((long)(number * unit.Ticks));
                return true;
            }
        }

        return false;
    }

    /// <summary>Writes a time with the largest unit that needs no fraction.</summary>
    public static string FormatTime(TimeSpan time)
    {
        foreach (var (name, unit) in Times.Reverse())
        {
            if (time >= unit && time.Ticks % unit.Ticks == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{time.Ticks / unit.Ticks}{name}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds}ms");
    }

    /// <summary>
    /// Reads where to listen: <c>ADDRESS:PORT</c>, <c>localhost:PORT</c>, <c>[IPV6]:PORT</c>, or <c>*:PORT</c> and
    /// <c>:PORT</c> for every address of the machine.
    /// </summary>
    public static bool TryParseEndpoint(string text, [NotNullWhen(true)] out IPEndPoint? endpoint)
    {
        ArgumentNullException.ThrowIfNull(text);
        endpoint = null;
        var colon = text.LastIndexOf(':');
        if (colon < 0
            || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        var host = text[..colon];
        if (host is "" or "*")
        {
            endpoint = new IPEndPoint(IPAddress.IPv6Any, port);
        }
        else if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            endpoint = new IPEndPoint(IPAddress.Loopback, port);
        }
        else if ((host.StartsWith('[') || !host.Contains(':', StringComparison.Ordinal))
            && IPAddress.TryParse(host.Trim('[', ']'), out var address))
        {
            endpoint = new IPEndPoint(address, port);
        }

        return endpoint is not null;
    }
}
