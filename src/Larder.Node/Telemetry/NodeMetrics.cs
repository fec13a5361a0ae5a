using System.Diagnostics;
using System.Diagnostics.Metrics;
using Larder.Node.Http;

namespace Larder.Node.Telemetry;

/// <summary>
/// What the node counts about its requests. Counting is an addition to one number; names and labels are put together
/// only when somebody looks. Safe for many threads.
/// </summary>
internal sealed class NodeMetrics : IDisposable
{
    /// <summary>The meter's name; all of the product's meters begin with <c>Larder.</c></summary>
    public const string MeterName = "Larder.Node";

    private const int MethodCount = 6;
    private const int StatusCount = 600;

    private static readonly string[] MethodNames = ["GET", "HEAD", "PUT", "POST", "DELETE", "OTHER"];

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private readonly long[][] _requests;
    private readonly string[] _endpoints;
    private readonly KeyValuePair<string, object?>[] _endpointTags;
    private readonly Dictionary<IEndpoint, int> _indexes = [];

    private long _inFlight;
    private long _connections;
    private long _connectionsTotal;
    private long _sentBytes;
    private long _receivedBytes;
    private long _dropped;

    /// <summary>Creates the meter and its instruments.</summary>
    /// <param name="endpoints">Every endpoint that requests will be counted for; several may share a name.</param>
    /// <param name="meters">Makes the meter.</param>
    public NodeMetrics(IEnumerable<IEndpoint> endpoints, IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        var names = new List<string> { "none" };
        foreach (var endpoint in endpoints)
        {
            var index = names.IndexOf(endpoint.Name);
            if (index < 0)
            {
                index = names.Count;
                names.Add(endpoint.Name);
            }

            _indexes[endpoint] = index;
        }

        _endpoints = [.. names];
        _endpointTags = [.. names.Select(static name => new KeyValuePair<string, object?>("endpoint", name))];
        _requests = [.. names.Select(static _ => new long[MethodCount * StatusCount])];
        _duration = _meter.CreateHistogram<double>(
            "larder.node.request.duration",
            "s",
            "Time from the end of a request's headers to the end of its answer.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] });
        _meter.CreateObservableCounter("larder.node.requests", Requests, "{request}", "Requests answered.");
        _meter.CreateObservableUpDownCounter("larder.node.requests.active", () => InFlight, "{request}", "Requests in flight.");
        _meter.CreateObservableUpDownCounter("larder.node.connections.active", () => Volatile.Read(ref _connections), "{connection}", "Open connections.");
        _meter.CreateObservableCounter("larder.node.connections", () => Volatile.Read(ref _connectionsTotal), "{connection}", "Connections accepted.");
        _meter.CreateObservableCounter("larder.node.sent", () => SentBytes, "By", "Bytes of artifacts sent.");
        _meter.CreateObservableCounter("larder.node.received", () => ReceivedBytes, "By", "Bytes of artifacts received and stored.");
        _meter.CreateObservableCounter("larder.node.uploads.dropped", () => Volatile.Read(ref _dropped), "{upload}", "Uploads that were answered with success and not stored.");
    }

    /// <summary>Requests in flight.</summary>
    public long InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Open connections.</summary>
    public long Connections => Volatile.Read(ref _connections);

    /// <summary>Bytes of artifacts sent.</summary>
    public long SentBytes => Volatile.Read(ref _sentBytes);

    /// <summary>Bytes of artifacts received and stored.</summary>
    public long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    /// <summary>Adds what is known only once the node is put together.</summary>
    public void Observe(NodeServices services)
    {
        var store = services.Store;
        _meter.CreateObservableUpDownCounter("larder.node.leases.active", () => store.LiveLeases, "{lease}", "Leases that requests in flight hold.");
        _meter.CreateObservableCounter("larder.node.lookups.failed", () => store.LookupFailures, "{lookup}", "Lookups that failed and were answered as misses.");
        _meter.CreateObservableCounter("larder.node.lookups.overdue", () => store.LookupTimeouts, "{lookup}", "Lookups that passed their deadline and were answered as misses.");
        _meter.CreateObservableCounter("larder.node.reads.failed", () => store.ReadFailures, "{read}", "Hits whose bytes could not be read.");
        _meter.CreateObservableCounter("larder.node.writes.failed", () => store.WriteFailures, "{write}", "Puts that failed in the tiers.");
        _meter.CreateObservableGauge("larder.node.ready", () => services.State.IsReady ? 1 : 0, null, "1 when the node is ready, else 0.");
    }

    /// <summary>
    /// Requests answered by all endpoints but those named, and how many of them with a status of 500 or above.
    /// </summary>
    public (long Answered, long Failed) Total(IReadOnlySet<string> except)
    {
        long answered = 0, failed = 0;
        for (var endpoint = 0; endpoint < _endpoints.Length; endpoint++)
        {
            if (except.Contains(_endpoints[endpoint]))
            {
                continue;
            }

            for (var cell = 0; cell < MethodCount * StatusCount; cell++)
            {
                var count = Volatile.Read(ref _requests[endpoint][cell]);
                answered += count;
                failed += cell % StatusCount >= 500 ? count : 0;
            }
        }

        return (answered, failed);
    }

    /// <summary>A request has come.</summary>
    public void Begin() => Interlocked.Increment(ref _inFlight);

    /// <summary>A request has been answered.</summary>
    public void End(NodeRequest request, TimeSpan elapsed)
    {
        Interlocked.Decrement(ref _inFlight);
        var endpoint = request.Endpoint is { } found && _indexes.TryGetValue(found, out var index) ? index : 0;
        var status = Math.Clamp(request.Http.Response.StatusCode, 0, StatusCount - 1);
        Interlocked.Increment(ref _requests[endpoint][(MethodIndex(request.Method) * StatusCount) + status]);
        _duration.Record(elapsed.TotalSeconds, _endpointTags[endpoint]);
    }

    /// <summary>A connection was accepted.</summary>
    public void ConnectionOpened()
    {
        Interlocked.Increment(ref _connections);
        Interlocked.Increment(ref _connectionsTotal);
    }

    /// <summary>A connection has ended.</summary>
    public void ConnectionClosed() => Interlocked.Decrement(ref _connections);

    /// <summary>Bytes of an artifact were sent.</summary>
    public void CountSent(long bytes) => Interlocked.Add(ref _sentBytes, bytes);

    /// <summary>Bytes of an artifact were received and stored.</summary>
    public void CountReceived(long bytes) => Interlocked.Add(ref _receivedBytes, bytes);

    /// <summary>An upload was answered with success and not stored.</summary>
    public void CountDropped() => Interlocked.Increment(ref _dropped);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static int MethodIndex(RequestMethod method) => method switch
    {
        RequestMethod.Get => 0,
        RequestMethod.Head => 1,
        RequestMethod.Put => 2,
        RequestMethod.Post => 3,
        RequestMethod.Delete => 4,
        _ => 5,
    };

    private IEnumerable<Measurement<long>> Requests()
    {
        for (var endpoint = 0; endpoint < _endpoints.Length; endpoint++)
        {
            for (var cell = 0; cell < MethodCount * StatusCount; cell++)
            {
                var count = Volatile.Read(ref _requests[endpoint][cell]);
                if (count > 0)
                {
                    var tags = new TagList
                    {
                        _endpointTags[endpoint],
                        { "method", MethodNames[cell / StatusCount] },
                        { "status", cell % StatusCount },
                    };
                    yield return new Measurement<long>(count, tags);
                }
            }
        }
    }
}
