using System.Diagnostics.CodeAnalysis;

namespace Larder.Handlers.Engine;

/// <summary>The engine's memory has no room for what the host wants to put into it.</summary>
[SuppressMessage("Design", "CA1064:Exceptions should be public", Justification = "It never leaves this project: a border turns it into a result.")]
internal sealed class GuestMemoryException() : Exception("The instance's memory is full.");
