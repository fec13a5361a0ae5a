namespace Larder.EndToEnd.Remote;

/// <summary>
/// The servers that the tests of one class share, started by the first of them, which can skip itself where that is not
/// possible. Each test finds them running and empty.
/// </summary>
public sealed class EngineFixture : IAsyncDisposable
{
    private readonly List<EngineProcess> _engines = [];

    /// <summary>Starts the servers, or empties those that the test before has left.</summary>
    internal async Task<IReadOnlyList<EngineProcess>> PrepareAsync(Func<Task<EngineProcess[]>> start)
    {
        if (_engines.Count == 0)
        {
            _engines.AddRange(await start());
        }

        foreach (var engine in _engines)
        {
            await engine.EnsureRunningAsync();
            await engine.AskAsync("FLUSHALL");
        }

        return _engines;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var engine in _engines)
        {
            await engine.DisposeAsync();
        }
    }
}
