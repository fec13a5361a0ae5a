namespace Larder.Handlers.Engine;

/// <summary>How far a promise is, as the engine numbers it.</summary>
internal enum PromiseState
{
    /// <summary>The value is no promise.</summary>
    NoPromise = -1,

    /// <summary>Nothing has happened yet.</summary>
    Pending = 0,

    /// <summary>It has a value.</summary>
    Fulfilled = 1,

    /// <summary>It has an error.</summary>
    Rejected = 2,
}
