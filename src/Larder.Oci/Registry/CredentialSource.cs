using System.Text;
using System.Text.Json;
using Larder.Oci.References;

namespace Larder.Oci.Registry;

/// <summary>Finds the credentials of a registry: those that were given, those of the environment, or Docker's.</summary>
/// <remarks>
/// Docker's file is read anew each time, because credentials change while a node runs; a helper is asked anew too. What
/// they give is used until a registry refuses it.
/// </remarks>
internal sealed class CredentialSource
{
    /// <summary>The variables that hold credentials when the options have none.</summary>
    public const string UserVariable = "LARDER_REGISTRY_USERNAME";

    /// <summary>The variable that holds the password, or a token in its place.</summary>
    public const string PasswordVariable = "LARDER_REGISTRY_PASSWORD";

    private const string DockerVariable = "DOCKER_CONFIG";
    private const string FileName = "config.json";
    private const int MaxFileBytes = 4 * 1024 * 1024;

    // What Docker keeps the credentials of its own registry under.
    private const string DockerServer = "https://index.docker.io/v1/";

    private readonly RegistryOptions _options;
    private readonly Func<string, string?> _environment;

    public CredentialSource(RegistryOptions options, Func<string, string?>? environment = null)
    {
        _options = options;
        _environment = environment ?? Environment.GetEnvironmentVariable;
    }

    /// <summary>The credentials for a registry; null when there are none.</summary>
    /// <param name="registry">Host and port.</param>
    /// <param name="isMirror">Whether this is a mirror: what was given for the registry is not for that.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OciException">Docker's file is malformed, or a helper failed.</exception>
    public async ValueTask<RegistryCredential?> FindAsync(string registry, bool isMirror, CancellationToken cancellationToken)
    {
        if (!isMirror && (_options.Credential ?? OfEnvironment()) is { IsEmpty: false } given)
        {
            return given;
        }

        if (await ReadFileAsync(cancellationToken).ConfigureAwait(false) is not { } file)
        {
            return null;
        }

        var server = registry == ImageReference.DefaultRegistry ? DockerServer : registry;
        var helper = file.Helpers?.FirstOrDefault(pair => IsSame(pair.Key, registry)).Value ?? file.Store;
        if (!string.IsNullOrEmpty(helper))
        {
            var found = await CredentialHelper.GetAsync(helper, server, _options.HelperTimeout, cancellationToken).ConfigureAwait(false);
            if (found is not null)
            {
                return found;
            }
        }

        var entry = file.Auths?.FirstOrDefault(pair => IsSame(pair.Key, registry)).Value;
        return entry is null ? null : Read(entry, registry) is { IsEmpty: false } read ? read : null;
    }

    private RegistryCredential? OfEnvironment() =>
        _environment(PasswordVariable) is { Length: > 0 } password
            ? new RegistryCredential { User = _environment(UserVariable) ?? string.Empty, Password = password }
            : null;

    private async ValueTask<RegistryDocuments.DockerConfig?> ReadFileAsync(CancellationToken cancellationToken)
    {
        var directory = _options.DockerConfigDirectory ?? _environment(DockerVariable);
        if (directory is null && _environment("HOME") is { Length: > 0 } home)
        {
            directory = Path.Combine(home, ".docker");
        }

        if (string.IsNullOrEmpty(directory))
        {
            return null;
        }

        var path = Path.Combine(directory, FileName);
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            var content = new FileInfo(path).Length <= MaxFileBytes
                ? await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false)
                : throw Broken(path, "it is too large");
            var text = content.AsSpan();
            return JsonSerializer.Deserialize(
                text.StartsWith(Encoding.UTF8.Preamble) ? text[Encoding.UTF8.Preamble.Length..] : text, RegistryJson.Default.DockerConfig);
        }
        catch (JsonException)
        {
            throw Broken(path, "it is not the JSON that Docker writes");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Broken(path, exception.Message);
        }
    }

    private static RegistryCredential Read(RegistryDocuments.Auth entry, string registry)
    {
        var user = entry.User ?? string.Empty;
        var password = entry.Password ?? string.Empty;
        if (!string.IsNullOrEmpty(entry.Pair))
        {
            try
            {
                var pair = Encoding.UTF8.GetString(Convert.FromBase64String(entry.Pair)).TrimEnd('\0');
                var colon = pair.IndexOf(':', StringComparison.Ordinal);
                (user, password) = colon < 0 ? (pair, string.Empty) : (pair[..colon], pair[(colon + 1)..]);
            }
            catch (FormatException)
            {
                throw new OciException(
                    OciErrorKind.Configuration, $"What Docker's config.json has for {registry} is not base 64; log in again with Docker.");
            }
        }

        return new RegistryCredential
        {
            User = user,
            Password = password,
            IdentityToken = string.IsNullOrEmpty(entry.IdentityToken) ? null : entry.IdentityToken,
            RegistryToken = string.IsNullOrEmpty(entry.RegistryToken) ? null : entry.RegistryToken,
        };
    }

    // Docker writes hosts, and URLs for its own registry and old servers.
    private static bool IsSame(string key, string registry)
    {
        var scheme = key.IndexOf("://", StringComparison.Ordinal);
        var host = scheme < 0 ? key : key[(scheme + 3)..];
        var slash = host.IndexOf('/', StringComparison.Ordinal);
        host = slash < 0 ? host : host[..slash];
        var isDocker = host is "index.docker.io" or "registry-1.docker.io" or ImageReference.DefaultRegistry;
        return registry == ImageReference.DefaultRegistry ? isDocker : host.Equals(registry, StringComparison.OrdinalIgnoreCase);
    }

    private static OciException Broken(string path, string problem) =>
        new(OciErrorKind.Configuration, $"Docker's {path} cannot be used: {problem}.");
}
