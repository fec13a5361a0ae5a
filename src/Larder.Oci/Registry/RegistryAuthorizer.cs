using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Larder.Oci.Registry;

/// <summary>Gets and renews what registries want to see: nothing, a password, or a token from a token server.</summary>
/// <remarks>
/// A token holds for one repository on one server. It is renewed shortly before it expires, by this side's clock, and when
/// the registry refuses it all the same. Of many who need a new one, one gets it.
/// Sources: "Token Authentication Specification" and "OAuth2 token authentication" of the distribution project.
/// </remarks>
internal sealed class RegistryAuthorizer : IDisposable
{
    private const string ClientId = "larder";
    private const int MaxAnswerBytes = 1024 * 1024;
    private const int MaxTokenLength = 256 * 1024;
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromHours(12);

    private readonly RegistryTransport _transport;
    private readonly CredentialSource _credentials;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<(string Server, string Repository), RegistrySession> _sessions = new();

    public RegistryAuthorizer(RegistryTransport transport, CredentialSource credentials, TimeProvider time)
    {
        _transport = transport;
        _credentials = credentials;
        _time = time;
    }

    public void Dispose()
    {
        foreach (var session in _sessions.Values)
        {
            session.Dispose();
        }
    }

    /// <summary>What to send with a request; null when nothing is known to be wanted.</summary>
    public async ValueTask<AuthenticationHeaderValue?> GetAsync(
        RegistryEndpoint endpoint, string repository, CancellationToken cancellationToken)
    {
        var session = SessionOf(endpoint, repository);
        return session is { Header: { } header, Challenge: { } challenge } && _time.GetTimestamp() >= session.RenewAt
            ? await RenewAsync(endpoint, repository, challenge, header, cancellationToken).ConfigureAwait(false)
            : session.Header;
    }

    /// <summary>What the server wanted to see last time; null when it never said.</summary>
    public AuthenticateChallenge? LastChallengeOf(RegistryEndpoint endpoint, string repository) =>
        SessionOf(endpoint, repository).Challenge;

    /// <summary>Gets something better than what was refused.</summary>
    /// <param name="endpoint">The server.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="challenge">What the server wants to see.</param>
    /// <param name="refused">What it was shown; null when nothing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OciException">There is nothing better.</exception>
    public async ValueTask<AuthenticationHeaderValue> RenewAsync(
        RegistryEndpoint endpoint,
        string repository,
        AuthenticateChallenge challenge,
        AuthenticationHeaderValue? refused,
        CancellationToken cancellationToken)
    {
        var session = SessionOf(endpoint, repository);
        await session.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (session.Header is { } current && current != refused && _time.GetTimestamp() < session.RenewAt)
            {
                return current;
            }

            session.Header = null;
            session.RenewAt = long.MaxValue;
            session.Challenge = challenge;
            var credential = await _credentials.FindAsync(endpoint.Registry, endpoint.IsMirror, cancellationToken).ConfigureAwait(false);
            session.Header = credential?.RegistryToken is { } fixedToken
                ? new AuthenticationHeaderValue("Bearer", fixedToken)
                : challenge.Scheme == "basic"
                    ? BasicOf(credential) ?? throw NoCredentials(endpoint, repository)
                    : await GetTokenAsync(endpoint, repository, challenge, credential, session, cancellationToken).ConfigureAwait(false);
            return session.Header;
        }
        finally
        {
            session.Gate.Release();
        }
    }

    /// <summary>The registry wants credentials, and there are none.</summary>
    public static OciException NoCredentials(RegistryEndpoint endpoint, string repository) => new(
        OciErrorKind.Unauthorized,
        $"{endpoint} wants credentials for {repository}, or has no such repository. Log in with 'docker login {endpoint}', or give --username and --password-stdin.");

    /// <summary>The registry has seen the credentials, and does not let them in.</summary>
    public static OciException NotLetIn(RegistryEndpoint endpoint, string repository, string detail) => new(
        OciErrorKind.Unauthorized,
        $"{endpoint} does not let these credentials read {repository}{(detail.Length == 0 ? string.Empty : $" ({detail})")}. Check the repository's name and the account's rights, or log in again with 'docker login {endpoint}'.");

    private static AuthenticationHeaderValue? BasicOf(RegistryCredential? credential) =>
        credential is null || (credential.User.Length == 0 && credential.Password.Length == 0)
            ? null
            : new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.User}:{credential.Password}")));

    private RegistrySession SessionOf(RegistryEndpoint endpoint, string repository) =>
        _sessions.GetOrAdd((endpoint.Root.AbsoluteUri, repository), static _ => new RegistrySession());

    private async ValueTask<AuthenticationHeaderValue> GetTokenAsync(
        RegistryEndpoint endpoint,
        string repository,
        AuthenticateChallenge challenge,
        RegistryCredential? credential,
        RegistrySession session,
        CancellationToken cancellationToken)
    {
        var realm = RealmOf(endpoint, challenge);
        var scope = challenge.Scope.Length > 0 ? challenge.Scope : $"repository:{repository}:pull";
        using var request = credential?.IdentityToken is { } identity
            ? Exchange(realm, challenge.Service, scope, session.RefreshToken ?? identity)
            : Ask(realm, challenge.Service, scope, credential);
        var startedAt = _time.GetTimestamp();
        using var answer = await _transport.SendAsync(request, endpoint.CaFile, cancellationToken).ConfigureAwait(false);
        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.BadRequest)
        {
            session.RefreshToken = null;
            throw credential is null ? NoCredentials(endpoint, repository) : new OciException(
                OciErrorKind.Unauthorized,
                $"{realm.Host} gives {credential} no token for {repository} ({(int)answer.StatusCode}). Log in again with 'docker login {endpoint}', or give --username and --password-stdin.");
        }

        var token = await ReadAsync(realm, answer, cancellationToken).ConfigureAwait(false);
        session.RefreshToken = token.RefreshToken ?? session.RefreshToken;
        session.RenewAt = startedAt + (long)(LifetimeOf(token).TotalSeconds * _time.TimestampFrequency);
        return new AuthenticationHeaderValue("Bearer", token.Token ?? token.AccessToken!); // ReadAsync: one of them is there.
    }

    // A tenth is left for requests that are under way.
    private static TimeSpan LifetimeOf(RegistryDocuments.TokenAnswer token) =>
        token.ExpiresIn is > 0 and var seconds && seconds < LongestLifetime.TotalSeconds
            ? TimeSpan.FromSeconds(seconds * 0.9)
            : token.ExpiresIn > 0 ? LongestLifetime : DefaultLifetime * 0.9;

    private static Uri RealmOf(RegistryEndpoint endpoint, AuthenticateChallenge challenge)
    {
        if (!Uri.TryCreate(challenge.Realm, UriKind.Absolute, out var realm)
            || (realm.Scheme != Uri.UriSchemeHttps && realm.Scheme != Uri.UriSchemeHttp)
            || realm.UserInfo.Length > 0)
        {
            throw new OciException(
                OciErrorKind.Protocol, $"{endpoint} wants a token from '{Printable.Shorten(challenge.Realm)}', which is no http or https address.");
        }

        // The password goes there, so it must be as well hidden as on the way to the registry.
        return realm.Scheme == Uri.UriSchemeHttps || endpoint.Root.Scheme == Uri.UriSchemeHttp
            ? realm
            : throw new OciException(OciErrorKind.Protocol, $"{endpoint} wants a token from {realm.Host} without TLS; credentials are not sent there.");
    }

    private static HttpRequestMessage Ask(Uri realm, string service, string scope, RegistryCredential? credential)
    {
        var query = new StringBuilder(realm.Query.TrimStart('?'));
        Append("service", service);
        Append("scope", scope);
        Append("client_id", ClientId);
        Append("account", credential?.User ?? string.Empty);
        return new HttpRequestMessage(HttpMethod.Get, new UriBuilder(realm) { Query = query.ToString() }.Uri)
        {
            Headers = { Authorization = BasicOf(credential) },
        };

        void Append(string name, string value)
        {
            if (value.Length > 0)
            {
                query.Append(query.Length > 0 ? "&" : string.Empty).Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }
    }

    private static HttpRequestMessage Exchange(Uri realm, string service, string scope, string refreshToken) =>
        new(HttpMethod.Post, realm)
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "refresh_token",
                ["service"] = service,
                ["client_id"] = ClientId,
                ["scope"] = scope,
                ["refresh_token"] = refreshToken,
            }),
        };

    private async ValueTask<RegistryDocuments.TokenAnswer> ReadAsync(
        Uri realm, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new OciException(
                OciErrorKind.Unavailable, string.Create(CultureInfo.InvariantCulture, $"The token server {realm.Host} answers {(int)answer.StatusCode}."))
            {
                IsTransient = answer.StatusCode is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError,
                RetryAfter = RegistryErrors.RetryAfter(answer, _time),
            };
        }

        try
        {
            var content = await BoundedBody.ReadAsync(answer.Content, MaxAnswerBytes, cancellationToken).ConfigureAwait(false);
            if (content is not null
                && JsonSerializer.Deserialize(content, RegistryJson.Default.TokenAnswer) is { } token
                && (token.Token ?? token.AccessToken) is { Length: > 0 and <= MaxTokenLength } text
                && !text.Any(static letter => char.IsControl(letter) || letter > '\u007e'))
            {
                return token with { Token = text };
            }
        }
        catch (JsonException)
        {
            // What it said may hold a secret, so it is not repeated.
        }

        throw new OciException(OciErrorKind.Protocol, $"The token server {realm.Host} gave an answer that is no token.");
    }
}
