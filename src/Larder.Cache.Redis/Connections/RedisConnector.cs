using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Larder.Cache.Redis.Protocol;

namespace Larder.Cache.Redis.Connections;

/// <summary>Opens connections: socket, TLS, greeting with credentials. One time limit spans all of it.</summary>
internal sealed class RedisConnector
{
    private readonly RedisRemoteStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly string? _user;
    private readonly string? _password;
    private readonly int _database;
    private readonly bool _useTls;

    public RedisConnector(RedisRemoteStoreOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _useTls = options.Address.Scheme == "rediss";
        var parts = options.Address.UserInfo.Split(':', 2);
        _user = options.User ?? NullIfEmpty(Uri.UnescapeDataString(parts[0]));
        _password = options.Password ?? (parts.Length > 1 ? NullIfEmpty(Uri.UnescapeDataString(parts[1])) : null);
        _database = RedisEndpoint.TryParseDatabase(options.Address, out var database) ? database : 0;
    }

    /// <summary>The time limits of connections.</summary>
    public ConnectionLimits Limits => new(_options.ReplyTimeout, _options.MinBytesPerSecond);

    /// <summary>Opens a connection that is ready for commands.</summary>
    /// <exception cref="CacheException">It cannot be had.</exception>
    public async Task<RespConnection> ConnectAsync(RedisEndpoint endpoint, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var joined = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        Stream? stream = null;
        try
        {
            stream = await OpenAsync(endpoint, joined.Token).ConfigureAwait(false);
            var reader = new RespReader(stream);
            await GreetAsync(endpoint, stream, reader, joined.Token).ConfigureAwait(false);
            var connection = new RespConnection(endpoint.ToString(), stream, reader, Limits, _time);
            stream = null;
            return connection;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw RedisFailures.Overdue($"no connection to {endpoint} within {_options.ConnectTimeout.TotalSeconds:0.###} s");
        }
        catch (AuthenticationException exception)
        {
            throw RedisFailures.Refused($"no TLS with {endpoint}: {exception.Message}", exception);
        }
        catch (RespProtocolException exception)
        {
            throw RedisFailures.Refused($"{endpoint} is no Redis server, or speaks TLS when it should not: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            throw RedisFailures.Broken($"no connection to {endpoint}: {exception.Message}", exception);
        }
        finally
        {
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private async Task<Stream> OpenAsync(RedisEndpoint endpoint, CancellationToken cancellationToken)
    {
        var isUnix = endpoint.Port == 0;
        var socket = isUnix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint.Address, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var plain = new NetworkStream(socket, ownsSocket: true);
        if (!_useTls)
        {
            return plain;
        }

        var secure = new SslStream(plain);
        try
        {
            await secure.AuthenticateAsClientAsync(DescribeTls(endpoint), cancellationToken).ConfigureAwait(false);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private SslClientAuthenticationOptions DescribeTls(RedisEndpoint endpoint)
    {
        var tls = new SslClientAuthenticationOptions { TargetHost = _options.TlsHost ?? endpoint.Host };
        if (_options.ClientCertificate is { } certificate)
        {
            tls.ClientCertificates = [certificate];
        }

        if (_options.TrustedRoots is { } roots)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        return tls;
    }

    // RESP3 when the server knows it; everything that is used exists in RESP2 too.
    private async Task GreetAsync(RedisEndpoint endpoint, Stream stream, RespReader reader, CancellationToken cancellationToken)
    {
        var hello = _password is null
            ? await AskAsync(stream, reader, ["HELLO", "3"], cancellationToken).ConfigureAwait(false)
            : await AskAsync(stream, reader, ["HELLO", "3", "AUTH", _user ?? "default", _password], cancellationToken).ConfigureAwait(false);
        if (hello.Type == RespType.Error)
        {
            if (RedisWords.Code(hello.Text) is "WRONGPASS" or "NOAUTH" or "LOADING")
            {
                throw RedisFailures.Answered(endpoint.ToString(), WithoutSecrets(hello.Text));
            }

            if (_password is not null)
            {
                string[] words = _user is null ? ["AUTH", _password] : ["AUTH", _user, _password];
                await RequireAsync(endpoint, stream, reader, words, cancellationToken).ConfigureAwait(false);
            }
        }

        if (_database != 0)
        {
            await RequireAsync(
                endpoint, stream, reader, ["SELECT", _database.ToString(System.Globalization.CultureInfo.InvariantCulture)], cancellationToken)
                .ConfigureAwait(false);
        }
    }

    // Servers repeat the arguments of a command that they do not know.
    private string WithoutSecrets(string error) =>
        _password is null ? error : error.Replace(_password, "***", StringComparison.Ordinal);

    private async Task RequireAsync(
        RedisEndpoint endpoint, Stream stream, RespReader reader, string[] words, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(stream, reader, words, cancellationToken).ConfigureAwait(false);
        if (answer.Type == RespType.Error)
        {
            throw RedisFailures.Answered(endpoint.ToString(), WithoutSecrets(answer.Text));
        }
    }

    private static async Task<RespValue> AskAsync(Stream stream, RespReader reader, string[] words, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(Encode(words), cancellationToken).ConfigureAwait(false);
        RespHead head;
        do
        {
            head = await reader.ReadHeadAsync(cancellationToken).ConfigureAwait(false);
            if (head.Type == RespType.Push)
            {
                await reader.ReadTreeAsync(head, cancellationToken).ConfigureAwait(false);
            }
        }
        while (head.Type == RespType.Push);

        return await reader.ReadTreeAsync(head, cancellationToken).ConfigureAwait(false);
    }

    private static byte[] Encode(string[] words)
    {
        var command = new RespCommand(System.Text.Encoding.UTF8.GetBytes(words[0]), words.Length - 1);
        foreach (var word in words.AsSpan(1))
        {
            command = command.Add(word);
        }

        return command.Take(out var length, out _)[..length];
    }
}
