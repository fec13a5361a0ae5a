using System.Text.Json;

namespace Larder.Handlers.Contract;

/// <summary>An event that a handler emitted.</summary>
/// <param name="Name">Its name, such as <c>toast</c>.</param>
/// <param name="Payload">What it carries; null when nothing was given.</param>
public readonly record struct HandlerEvent(string Name, JsonElement? Payload);
