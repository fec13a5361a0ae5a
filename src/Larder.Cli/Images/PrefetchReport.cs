namespace Larder.Cli.Images;

/// <summary>What <c>larder prefetch</c> did.</summary>
/// <param name="Files">Files that were asked for and are in the image.</param>
/// <param name="Missing">Paths that are not in the image.</param>
/// <param name="Objects">Objects that hold them.</param>
/// <param name="Bytes">Bytes of those objects.</param>
/// <param name="FetchedObjects">Objects that were not on this disk before.</param>
/// <param name="FetchedBytes">Bytes of those.</param>
internal sealed record PrefetchReport(int Files, int Missing, int Objects, long Bytes, int FetchedObjects, long FetchedBytes);
