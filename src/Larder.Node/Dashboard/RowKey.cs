namespace Larder.Node.Dashboard;

/// <summary>Names a row of the history.</summary>
/// <param name="Scope">A tier's name, or <see cref="All"/> for the cache as a whole.</param>
/// <param name="Kind">A kind's name, or null for all kinds together.</param>
internal readonly record struct RowKey(string Scope, string? Kind)
{
    /// <summary>The scope that means the cache as a whole.</summary>
    public const string All = "all";

    /// <summary>The kind under which those are summed that the history has no room for. No kind can have this name.</summary>
    public const string OtherKinds = "(other)";
}
