using System.Text.Json;

namespace Larder.Handlers.Contract;

/// <summary>One change of a key of the state.</summary>
/// <param name="Key">The key.</param>
/// <param name="Operation">Whether it is set or deleted.</param>
/// <param name="Value">The new value; null for a deletion.</param>
public readonly record struct StateMutation(string Key, MutationOperation Operation, JsonElement? Value);
