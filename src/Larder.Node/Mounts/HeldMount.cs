namespace Larder.Node.Mounts;

/// <summary>A mount that the node is to hold. Guarded by the service's lock.</summary>
internal sealed class HeldMount(MountOrder order)
{
    public MountOrder Order { get; } = order;

    /// <summary>Whether it is being mounted or unmounted now, so that nobody else does anything about it.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Looks in a row that did not find it.</summary>
    public int Missed { get; set; }

    /// <summary>Why it could not be mounted last; null when it could.</summary>
    public string? Problem { get; set; }
}
