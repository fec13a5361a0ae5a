using System.Globalization;
using System.Net;

namespace Larder.Node.Configuration;

/// <summary>
/// Environment variables of another product's names: honoured so that its deployments run unchanged, and weaker than
/// everything that begins with <c>LARDER_</c>.
/// </summary>
internal static class OtherNames
{
    private const string Host = "HOST";
    private const string Port = "HTTP_PORT";

    /// <summary>Takes over what is set. Empty values are nobody's.</summary>
    public static void Take(ConfigurationReader reader, IReadOnlyDictionary<string, string> environment)
    {
        TakeAddress(reader, environment);
        foreach (var setting in Settings.All)
        {
            if (setting.Alias is { } alias && environment.TryGetValue(alias, out var value) && value.Length > 0 && !IsServiceLink(value))
            {
                reader.Take(setting.Name, setting.FromAlias?.Invoke(value) ?? value, SettingOrigin.Environment, alias);
            }
        }
    }

    // Many shells set HOST to the machine's name, so that it means something only beside the port.
    private static void TakeAddress(ConfigurationReader reader, IReadOnlyDictionary<string, string> environment)
    {
        if (environment.GetValueOrDefault(Port) is not { Length: > 0 } port || IsServiceLink(port))
        {
            return;
        }

        if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
        {
            reader.Problems.Add($"{Port}: the port must be a number from 1 to 65535; it is '{port}'.");
            return;
        }

        var host = environment.GetValueOrDefault(Host) is { Length: > 0 } named ? named : "localhost";
        var isSixth = IPAddress.TryParse(host, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        reader.Take(
            "listen",
            isSixth ? $"[{address}]:{port}" : $"{host}:{port}",
            SettingOrigin.Environment,
            environment.ContainsKey(Host) ? $"{Host}:${Port}" : Port);
    }

    // A cluster describes a service named "http" as HTTP_PORT=tcp://10.0.0.1:80.
    private static bool IsServiceLink(string value) => value.StartsWith("tcp://", StringComparison.Ordinal);
}
