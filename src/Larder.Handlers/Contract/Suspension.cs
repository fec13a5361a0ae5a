using System.Collections.Immutable;
using System.Text.Json;

namespace Larder.Handlers.Contract;

/// <summary>The call of an extension that a suspended handler waits for.</summary>
/// <param name="Id">The name by which the run is resumed, once.</param>
/// <param name="ExtensionName">The extension.</param>
/// <param name="Method">Its method.</param>
/// <param name="Arguments">The arguments, in order.</param>
public sealed record Suspension(Guid Id, string ExtensionName, string Method, ImmutableArray<JsonElement> Arguments);
