using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Larder.Cache.Artifacts;
using Larder.Oci.Manifests;
using Larder.Oci.References;

namespace Larder.Oci.Registry;

/// <summary>Reads manifests and blobs from registries and their mirrors.</summary>
/// <remarks>
/// <para>
/// Mirrors are asked first and once; one that fails is passed over for a while. The registry itself is asked as often as
/// the options say, with growing waits, and its answer is the one that counts. Credentials go to the server that they are
/// for and to no other, redirects included.
/// </para>
/// <para>
/// All members are safe for use by many threads. Source: OCI distribution specification 1.1.
/// </para>
/// </remarks>
public sealed class RegistryClient : IDisposable
{
    private readonly RegistryOptions _options;
    private readonly TimeProvider _time;
    private readonly RegistryTransport _transport;
    private readonly RegistryAuthorizer _authorizer;
    private readonly ConcurrentDictionary<string, RegistryEndpoint[]> _endpoints = new(StringComparer.Ordinal);

    /// <summary>Creates a client. Nothing is sent yet.</summary>
    /// <param name="options">How registries are spoken to.</param>
    /// <param name="timeProvider">The clock of all time limits but the connection's; null for the system's.</param>
    /// <exception cref="OciException">An option is out of range.</exception>
    public RegistryClient(RegistryOptions options, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _time = timeProvider ?? TimeProvider.System;
        _transport = new RegistryTransport(options, _time);
        _authorizer = new RegistryAuthorizer(_transport, new CredentialSource(options), _time);
    }

    internal RegistryOptions Options => _options;

    internal TimeProvider Time => _time;

    /// <inheritdoc/>
    public void Dispose()
    {
        _authorizer.Dispose();
        _transport.Dispose();
    }

    /// <summary>Asks for the digest that a reference stands for, without its manifest.</summary>
    /// <returns>The digest; null when the registry does not say it this way.</returns>
    /// <exception cref="OciException">There is no such manifest, or it cannot be had.</exception>
    public async ValueTask<OciDigest?> FindDigestAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var request = ManifestRequest(reference) with { Method = HttpMethod.Head };
        return await AskAsync(
            reference.Registry,
            request,
            static (answer, _) => ValueTask.FromResult(DigestOf(answer.Message)),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads a manifest or index, and compares it with its digest.</summary>
    /// <exception cref="OciException">There is no such manifest, it cannot be had, or it is not what it claims to be.</exception>
    public ValueTask<RegistryManifest> GetManifestAsync(ImageReference reference, CancellationToken cancellationToken) => AskAsync(
        reference.Registry,
        ManifestRequest(reference),
        (answer, token) => ReadManifestAsync(reference, answer, token),
        cancellationToken);

    /// <summary>Opens a blob or a part of it. What breaks off is gone on with; nothing is compared with the digest here.</summary>
    internal async ValueTask<RegistryBlobStream> OpenBlobAsync(
        ImageReference repository, Descriptor blob, ByteRange range, CancellationToken cancellationToken)
    {
        var stream = new RegistryBlobStream(this, repository, blob, range);
        try
        {
            await stream.OpenAsync(cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Sends one request for the rest of a blob, with mirrors and attempts as for everything.</summary>
    internal ValueTask<RegistryBody> OpenBodyAsync(
        ImageReference repository, Descriptor blob, ByteRange range, CancellationToken cancellationToken)
    {
        var request = new RegistryRequest(repository.Repository, "blobs", blob.Digest.ToString())
        {
            Range = range.Offset == 0 && range.Length == blob.Size ? null : range,
        };
        return AskAsync(
            repository.Registry,
            request,
            (answer, token) => RegistryBody.OpenAsync(answer, blob, range, token),
            cancellationToken,
            keepAnswer: true);
    }

    /// <summary>The servers of a registry that are asked, the registry itself at the end.</summary>
    internal RegistryEndpoint[] EndpointsOf(string registry) =>
        _endpoints.GetOrAdd(registry, static (name, options) => RegistryEndpoint.Of(name, options), _options);

    /// <summary>Passes a mirror over for a while.</summary>
    internal void PassOver(RegistryEndpoint endpoint, int times = 1)
    {
        if (endpoint.IsMirror)
        {
            endpoint.PassedOverUntil = _time.GetTimestamp() + (long)(times * _options.MirrorPenalty.TotalSeconds * _time.TimestampFrequency);
        }
    }

    /// <summary>How long to wait after a failure, before the next attempt.</summary>
    internal TimeSpan DelayAfter(OciException failure, int attempt)
    {
        // Half of the wait is left to chance, so that many clients do not come back together.
        var backoff = _options.RetryDelay * Math.Pow(2, Math.Min(attempt, 16)) * (0.5 + (Random.Shared.NextDouble() / 2));
        var wait = failure.RetryAfter is { } asked && asked > backoff ? asked : backoff;
        return wait <= _options.MaxRetryDelay ? wait : failure.RetryAfter is null ? _options.MaxRetryDelay : Timeout.InfiniteTimeSpan;
    }

    private static RegistryRequest ManifestRequest(ImageReference reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return reference.IsLayout
            ? throw new ArgumentException($"{reference} is no reference to a registry.", nameof(reference))
            : new RegistryRequest(reference.Repository, "manifests", reference.Target) { Accept = MediaTypes.AcceptedManifests };
    }

    private async ValueTask<TResult> AskAsync<TResult>(
        string registry,
        RegistryRequest request,
        Func<RegistryAnswer, CancellationToken, ValueTask<TResult>> use,
        CancellationToken cancellationToken,
        bool keepAnswer = false)
    {
        foreach (var endpoint in EndpointsOf(registry))
        {
            if (endpoint.IsMirror && _time.GetTimestamp() < endpoint.PassedOverUntil)
            {
                continue;
            }

            for (var attempt = 0; ; attempt++)
            {
                try
                {
                    return await TryAsync(endpoint, request, use, keepAnswer, cancellationToken).ConfigureAwait(false);
                }
                catch (OciException failure) when (endpoint.IsMirror)
                {
                    if (failure.Kind is not OciErrorKind.NotFound)
                    {
                        PassOver(endpoint);
                    }

                    break;
                }
                catch (OciException failure) when (failure.IsTransient && attempt + 1 < _options.MaxAttempts)
                {
                    var delay = DelayAfter(failure, attempt);
                    if (delay == Timeout.InfiniteTimeSpan)
                    {
                        throw;
                    }

                    await Task.Delay(delay, _time, cancellationToken).ConfigureAwait(false);
                }
            }
        }

        // Unreachable: the last endpoint is the registry itself, which returns or throws.
        throw new InvalidOperationException("A registry has itself as its last endpoint.");
    }

    private async ValueTask<TResult> TryAsync<TResult>(
        RegistryEndpoint endpoint,
        RegistryRequest request,
        Func<RegistryAnswer, CancellationToken, ValueTask<TResult>> use,
        bool keepAnswer,
        CancellationToken cancellationToken)
    {
        var answer = await SendAsync(endpoint, request, cancellationToken).ConfigureAwait(false);
        var isKept = false;
        try
        {
            var result = await use(answer, cancellationToken).ConfigureAwait(false);
            isKept = keepAnswer;
            return result;
        }
        finally
        {
            if (!isKept)
            {
                answer.Dispose();
            }
        }
    }

    /// <summary>Sends a request with what the server wants to see, and once more with something newer when it is refused.</summary>
    private async ValueTask<RegistryAnswer> SendAsync(
        RegistryEndpoint endpoint, RegistryRequest request, CancellationToken cancellationToken)
    {
        var header = await _authorizer.GetAsync(endpoint, request.Repository, cancellationToken).ConfigureAwait(false);
        for (var isRenewed = false; ; isRenewed = true)
        {
            var answer = await _transport.SendAsync(endpoint, request, header, cancellationToken).ConfigureAwait(false);
            if (answer.Message.IsSuccessStatusCode)
            {
                return answer;
            }

            using (answer)
            {
                if (isRenewed || ChallengeOf(answer, header, request) is not { } challenge)
                {
                    throw await RegistryErrors.OfAsync(answer, request, header is not null, _time, cancellationToken).ConfigureAwait(false);
                }

                // The place among the running requests is given back before the token server is asked.
                answer.Dispose();
                header = await _authorizer.RenewAsync(endpoint, request.Repository, challenge, header, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // Expired tokens are answered with 403 by some registries, and those say no challenge.
    private AuthenticateChallenge? ChallengeOf(RegistryAnswer answer, AuthenticationHeaderValue? header, RegistryRequest request)
    {
        if (answer.IsForeign)
        {
            return null;
        }

        return answer.Message.StatusCode switch
        {
            HttpStatusCode.Unauthorized when AuthenticateChallenge.TryFind(answer.Message.Headers.WwwAuthenticate, out var challenge) => challenge,
            HttpStatusCode.Forbidden when header is not null => _authorizer.LastChallengeOf(answer.Endpoint, request.Repository),
            _ => null,
        };
    }

    private async ValueTask<RegistryManifest> ReadManifestAsync(
        ImageReference reference, RegistryAnswer answer, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = new CancellationTokenSource(_options.IdleTimeout, _time);
        using var registration = timer.Token.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), patience);
        byte[]? content;
        try
        {
            content = await BoundedBody.ReadAsync(answer.Message.Content, ManifestLimits.MaxManifestBytes, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new OciException(OciErrorKind.Unavailable, $"The manifest of {reference} did not come within {_options.IdleTimeout.TotalSeconds:0.#} s.", exception)
            {
                IsTransient = true,
            };
        }

        if (content is null)
        {
            throw new OciException(
                OciErrorKind.LimitExceeded, $"The manifest of {reference} is too large: {ManifestLimits.MaxManifestBytes} bytes are the limit.");
        }

        if (answer.Message.Content.Headers.ContentLength is { } announced && announced != content.Length)
        {
            throw new OciException(OciErrorKind.Unavailable, $"The manifest of {reference} broke off.") { IsTransient = true };
        }

        if (reference.Digest is { } wanted && !wanted.Matches(content))
        {
            throw WrongDigest(answer, reference, $"{wanted} was asked for, but {OciDigest.Of(wanted.Algorithm, content)} came");
        }

        if (DigestOf(answer.Message) is { } said && !said.Matches(content))
        {
            throw WrongDigest(answer, reference, $"{said} was announced, but {OciDigest.Of(said.Algorithm, content)} came");
        }

        return new RegistryManifest(content, reference.Digest ?? OciDigest.Of(content), answer.Message.Content.Headers.ContentType?.MediaType);
    }

    private static OciException WrongDigest(RegistryAnswer answer, ImageReference reference, string problem) =>
        new(OciErrorKind.DigestMismatch, $"{answer.Endpoint} gave a wrong manifest for {reference}: {problem}.");

    private static OciDigest? DigestOf(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("Docker-Content-Digest", out var values) && OciDigest.TryParse(values.First(), out var digest)
            ? digest
            : null;
}
