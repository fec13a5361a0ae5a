namespace Larder.Node.Protocols;

/// <summary>The JSON body of a 202: the upload was read and dropped.</summary>
/// <param name="Stored">Always false.</param>
/// <param name="Reason">Why, as one word.</param>
internal sealed record NotStoredBody(bool Stored, string Reason);
