namespace Larder.Node.Http;

/// <summary>The JSON body of an error.</summary>
/// <param name="Error">One sentence.</param>
internal sealed record ErrorBody(string Error);
