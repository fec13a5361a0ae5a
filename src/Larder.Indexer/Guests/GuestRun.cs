namespace Larder.Indexer.Guests;

/// <summary>One run of a guest.</summary>
/// <param name="Export">The function that is called.</param>
/// <param name="Subject">What is run, as messages call it.</param>
/// <param name="Fuel">Fuel that it may use.</param>
/// <param name="Flushed">Where flushes go; null when they do nothing.</param>
internal sealed record GuestRun(string Export, string Subject, long Fuel, FlushStage? Flushed);
