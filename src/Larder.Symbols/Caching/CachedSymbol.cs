namespace Larder.Symbols.Caching;

/// <summary>An entry: its data, and the module that it was found in when that is not the one that was asked.</summary>
internal sealed class CachedSymbol<TData>(TData data, ModuleId? source)
{
    public TData Data { get; } = data;

    public ModuleId? Source { get; } = source;
}
