namespace Larder.Indexer;

/// <summary>What views came to since the index was opened.</summary>
/// <param name="Runs">Views that ran.</param>
/// <param name="Remembered">Views whose result was remembered.</param>
/// <param name="Shared">Views that waited for the run of another that asked for the same.</param>
/// <param name="Failed">Views that failed, were refused or given up.</param>
/// <param name="Running">Instances that are busy now, with views or previews.</param>
/// <param name="Waiting">Views and previews that wait for an instance now.</param>
/// <param name="Median">Median time of the last 1,024 views, waiting included.</param>
/// <param name="Percentile99">99 of 100 of the last 1,024 views took at most this.</param>
/// <param name="Longest">The longest of the last 1,024.</param>
public readonly record struct ViewStatistics(
    long Runs, long Remembered, long Shared, long Failed, int Running, int Waiting, TimeSpan Median, TimeSpan Percentile99, TimeSpan Longest);
