namespace Larder.Oci.Layers;

/// <summary>
/// Bounds how many layers are read at the same time. Whoever a reader waits for goes before those that nobody waits for, and there
/// is always one more place for it.
/// </summary>
internal sealed class ImportTurns(int places)
{
    private readonly Lock _gate = new();

    // Guarded by _gate. In the order in which they came.
    private readonly List<Turn> _waiting = [];
    private int _running;

    /// <summary>Asks for a place.</summary>
    public Turn Enter(bool isUrgent)
    {
        var turn = new Turn(this) { IsUrgent = isUrgent };
        lock (_gate)
        {
            _waiting.Add(turn);
        }

        GiveOut();
        return turn;
    }

    private void GiveOut()
    {
        while (true)
        {
            Turn? next;
            lock (_gate)
            {
                next = _waiting.Find(static turn => turn.IsUrgent) ?? _waiting.FirstOrDefault();
                if (next is null || _running >= places + (next.IsUrgent ? 1 : 0))
                {
                    return;
                }

                _waiting.Remove(next);
                _running++;
            }

            next.Begin();
        }
    }

    /// <summary>A place, or the wait for one. Disposing gives it back.</summary>
    internal sealed class Turn(ImportTurns turns) : IDisposable
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // Guarded by the gate of turns while it waits.
        public bool IsUrgent { get; set; }

        /// <summary>Completes when the place is there.</summary>
        public Task Begun => _begun.Task;

        public void Begin() => _begun.SetResult();

        /// <summary>A reader waits now.</summary>
        public void Hurry()
        {
            lock (turns._gate)
            {
                IsUrgent = true;
            }

            turns.GiveOut();
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            lock (turns._gate)
            {
                if (!turns._waiting.Remove(this))
                {
                    turns._running--;
                }
            }

            turns.GiveOut();
        }
    }
}
