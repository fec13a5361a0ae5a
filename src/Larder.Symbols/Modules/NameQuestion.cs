namespace Larder.Symbols.Modules;

/// <summary>What a name is to be resolved to, which is the same as long as the modules are.</summary>
/// <param name="Name">The name or identifier.</param>
/// <param name="Module">The modules to look in; null for all.</param>
/// <param name="IncludesHidden">Whether what cannot be reached from outside counts.</param>
internal readonly record struct NameQuestion(string Name, string? Module, bool IncludesHidden)
{
    /// <summary>The whole question as one text; that of most is the name itself.</summary>
    public string ToText() => Module is null && !IncludesHidden ? Name : $"{Name}\n{Module}\n{IncludesHidden}";
}
