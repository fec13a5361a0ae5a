using System.Diagnostics.CodeAnalysis;

namespace Larder.Indexer.Guests;

/// <summary>What a guest handed over is malformed or beyond a limit; the text says what, and at which byte.</summary>
[SuppressMessage("Design", "CA1064:Exceptions should be public", Justification = "It becomes a trap or an IndexerException.")]
internal sealed class GuestDataException(string message) : Exception(message);
