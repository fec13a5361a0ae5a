using System.IO.Enumeration;
using Larder.Symbols.Modules;

namespace Larder.Symbols.Search;

/// <summary>Picks modules by name or path, where <c>*</c> stands for any text.</summary>
internal sealed class ModuleFilter(string pattern)
{
    public bool Fits(LoadedModule module) =>
        FileSystemName.MatchesSimpleExpression(pattern, module.Name)
        || FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(module.Id.Path))
        || FileSystemName.MatchesSimpleExpression(pattern, module.Id.Path);
}
