namespace Larder.Indexer.Engines;

/// <summary>Stands for the end of a process in tests; see <see cref="MemoryStore.Fault"/>.</summary>
internal sealed class MemoryCrashException() : Exception("The process ended here.");
