using Larder.Cache.Disk.Io;
using Larder.Symbols.Tables;

namespace Larder.Symbols.Modules;

/// <summary>A module with its table. Counted by the sets it is in; the last one frees the table.</summary>
internal sealed class LoadedModule(ModuleId id, SymbolTable table, SymbolOrigin origin, FileStamp stamp)
{
    private int _references;

    public ModuleId Id { get; } = id;

    public SymbolTable Table { get; } = table;

    public FileStamp Stamp { get; } = stamp;

    public SymbolOrigin Origin { get; } = origin;

    /// <summary>The module's name, or that of its file when it has none.</summary>
    public string Name { get; } = table.ModuleName.Length > 0 ? table.ModuleName : Path.GetFileNameWithoutExtension(id.Path);

    public ModuleInfo Describe(SymbolOrigin? origin = null) => new()
    {
        Id = Id,
        Name = Name,
        Version = Table.ModuleVersion,
        Kind = Table.Kind,
        Symbols = Table.Count,
        Exports = Table.ExportCount,
        TableBytes = Table.Length,
        IsMapped = Table.IsMapped,
        Origin = origin ?? Origin,
        References = [.. Table.References],
    };

    public void Acquire() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            Table.Dispose();
        }
    }
}
