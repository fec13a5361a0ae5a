using System.Text.Json;

namespace Larder.Node.Panels;

/// <summary>The state of a panel at one moment. Immutable.</summary>
/// <param name="Version">How often the state has changed.</param>
/// <param name="State">An object.</param>
/// <param name="Bytes">Its length as JSON.</param>
internal sealed record PanelSnapshot(long Version, JsonElement State, int Bytes);
