namespace Larder.Node.Maintenance;

/// <summary>The answer to a verification.</summary>
/// <param name="Result"><c>sound</c>, <c>damaged</c> or <c>absent</c>.</param>
internal sealed record VerifyBody(string Result);
