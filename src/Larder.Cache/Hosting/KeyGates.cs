using Larder.Cache.Artifacts;

namespace Larder.Cache.Hosting;

/// <summary>Lets one change of a key run at a time. Keys share gates; nobody holds two.</summary>
internal sealed class KeyGates : IDisposable
{
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    public async ValueTask<Turn> EnterAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        var gate = _gates[(uint)key.GetHashCode() % (uint)_gates.Length];
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(gate);
    }

    public void Dispose() => Array.ForEach(_gates, static gate => gate.Dispose());

    /// <summary>A turn, ended by disposing it.</summary>
    public readonly struct Turn(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
