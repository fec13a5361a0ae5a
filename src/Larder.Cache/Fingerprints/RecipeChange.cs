namespace Larder.Cache.Fingerprints;

/// <summary>How a part of a recipe differs from the same part of an earlier one.</summary>
public enum RecipeChange : byte
{
    /// <summary>The earlier recipe had no such component.</summary>
    Added,

    /// <summary>Only the earlier recipe had this component.</summary>
    Removed,

    /// <summary>Both have the component, with different values.</summary>
    Changed,

    /// <summary>The format version, which is no component, differs.</summary>
    FormatVersion,
}
