namespace Larder.Cache.Redis.Connections;

/// <summary>
/// A place for one connection to one server, opened when it is needed and again when it has failed. Attempts in a row
/// wait longer and longer, with jitter, so that a server that comes back is not overrun.
/// </summary>
internal sealed class RedisLane(RedisEndpoint endpoint, RedisConnector connector, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private Task<RespConnection>? _connecting;
    private int _failures;

    private RespConnection? _current;

    /// <summary>Operations that are waited for.</summary>
    public int Pending => Volatile.Read(ref _current)?.Pending ?? 0;

    /// <summary>The connection, opened if need be. One caller that gives up leaves the others waiting for it.</summary>
    public ValueTask<RespConnection> GetAsync(CancellationToken cancellationToken)
    {
        var current = Volatile.Read(ref _current);
        return current is { IsOpen: true } ? new ValueTask<RespConnection>(current) : OpenAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        Task<RespConnection>? connecting;
        lock (_gate)
        {
            connecting = _connecting;
        }

        if (connecting is not null)
        {
            await ((Task)connecting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_current is not null)
        {
            await _current.DisposeAsync().ConfigureAwait(false);
        }

        _closing.Dispose();
    }

    private async ValueTask<RespConnection> OpenAsync(CancellationToken cancellationToken)
    {
        Task<RespConnection> connecting;
        lock (_gate)
        {
            if (Volatile.Read(ref _current) is { IsOpen: true } current)
            {
                return current;
            }

            if (_closing.IsCancellationRequested)
            {
                throw RedisFailures.Broken($"the connection to {endpoint} was closed");
            }

            _connecting ??= Task.Run(ConnectAsync, CancellationToken.None);
            connecting = _connecting;
        }

        return await connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<RespConnection> ConnectAsync()
    {
        var isOpen = false;
        try
        {
            if (_current is { } old)
            {
                await old.DisposeAsync().ConfigureAwait(false);
            }

            await WaitForTurnAsync().ConfigureAwait(false);
            var connection = await connector.ConnectAsync(endpoint, _closing.Token).ConfigureAwait(false);
            Volatile.Write(ref _current, connection);
            isOpen = true;
            return connection;
        }
        catch (OperationCanceledException exception)
        {
            throw RedisFailures.Broken($"the connection to {endpoint} was closed", exception);
        }
        finally
        {
            lock (_gate)
            {
                _failures = isOpen ? 0 : _failures + 1;
                _connecting = null;
            }
        }
    }

    private Task WaitForTurnAsync()
    {
        if (_failures == 0)
        {
            return Task.CompletedTask;
        }

        var delay = FirstDelay * Math.Pow(2, Math.Min(_failures - 1, 10));
        delay = delay < MaxDelay ? delay : MaxDelay;
        return Task.Delay(delay * (0.5 + Random.Shared.NextDouble()), time, _closing.Token);
    }
}
