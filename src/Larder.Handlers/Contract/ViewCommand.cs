using System.Text.Json;

namespace Larder.Handlers.Contract;

/// <summary>Something that a handler asks a view to do.</summary>
/// <param name="Type"><c>setFilter</c>, <c>scrollTo</c>, <c>focus</c> or <c>custom</c>.</param>
/// <param name="ComponentId">The component; null for the whole view.</param>
/// <param name="Arguments">An object.</param>
public readonly record struct ViewCommand(string Type, string? ComponentId, JsonElement Arguments);
