namespace Larder.Handlers.Contract;

/// <summary>What a <see cref="StateMutation"/> does.</summary>
public enum MutationOperation
{
    /// <summary>The key has a new value.</summary>
    Set,

    /// <summary>The key is gone.</summary>
    Delete,
}
