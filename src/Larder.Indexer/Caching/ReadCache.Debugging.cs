namespace Larder.Indexer.Caching;

/// <content>Which keys are looked up.</content>
public sealed partial class ReadCache
{
    /// <summary>Whether lookups are analysed by the prefix of their keys, which makes them slower.</summary>
    public bool IsDebugging => Volatile.Read(ref _analysis) is not null;

    /// <summary>Analyses lookups by the prefix of their keys, from nothing on.</summary>
    /// <param name="options">What to look at; null for the defaults.</param>
    /// <exception cref="IndexerException">The options are out of range.</exception>
    public void StartDebugging(KeyPrefixOptions? options = null) =>
        Volatile.Write(ref _analysis, new KeyPrefixAnalysis(options ?? new KeyPrefixOptions()));

    /// <summary>Ends the analysis and forgets what it has found.</summary>
    public void StopDebugging() => Volatile.Write(ref _analysis, null);

    /// <summary>What the analysis has found so far; null where there is none.</summary>
    public KeyPrefixReport? GetKeyPrefixReport() => Volatile.Read(ref _analysis)?.GetReport();
}
