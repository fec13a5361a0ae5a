namespace Larder.Cache.Tiering;

/// <summary>What the last waiter has to do after it left a flight.</summary>
internal enum FlightLeave : byte
{
    /// <summary>Others still wait, or the body will clean up.</summary>
    Nothing,

    /// <summary>Stop the body.</summary>
    Cancel,

    /// <summary>Give back the result.</summary>
    Dispose,
}
