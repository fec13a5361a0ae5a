namespace Larder.Wasm;

/// <summary>
/// What instances are given by name. Adding a name again replaces it. Not thread safe while it is filled; afterwards any
/// number of instances can be made from it, in the store that its contents belong to.
/// </summary>
public sealed class Imports
{
    private readonly Dictionary<(string Module, string Name), object> _items = [];

    /// <summary>Adds a function.</summary>
    public Imports Add(string module, string name, WasmFunction function) => Put(module, name, function);

    /// <summary>Adds a memory.</summary>
    public Imports Add(string module, string name, WasmMemory memory) => Put(module, name, memory);

    /// <summary>Adds a table.</summary>
    public Imports Add(string module, string name, WasmTable table) => Put(module, name, table);

    /// <summary>Adds a global.</summary>
    public Imports Add(string module, string name, WasmGlobal global) => Put(module, name, global);

    /// <summary>Adds every export of an instance under a module's name.</summary>
    public Imports Add(string module, Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        foreach (var export in instance.Module.Module.Exports)
        {
            Put(module, export.Name, instance.Export(export));
        }

        return this;
    }

    /// <summary>The names that were added.</summary>
    public IEnumerable<(string Module, string Name)> Names => _items.Keys;

    internal object? Find(string module, string name) => _items.GetValueOrDefault((module, name));

    private Imports Put(string module, string name, object item)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(item);
        _items[(module, name)] = item;
        return this;
    }
}
