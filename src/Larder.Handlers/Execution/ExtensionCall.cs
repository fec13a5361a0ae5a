using System.Collections.Immutable;
using System.Text.Json;

namespace Larder.Handlers.Execution;

/// <summary>A call of an extension that has not been answered.</summary>
/// <param name="Number">By which the handler's side knows it.</param>
/// <param name="Extension">The extension.</param>
/// <param name="Method">Its method.</param>
/// <param name="Arguments">The arguments.</param>
internal readonly record struct ExtensionCall(int Number, string Extension, string Method, ImmutableArray<JsonElement> Arguments);
