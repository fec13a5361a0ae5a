namespace Larder.Oci.Layers;

/// <summary>What is happening to a layer.</summary>
public enum LayerActivity
{
    /// <summary>Nothing: its objects are served from where they are.</summary>
    Idle,

    /// <summary>It waits for its turn to be read.</summary>
    Queued,

    /// <summary>It is being read as a whole.</summary>
    Importing,
}
