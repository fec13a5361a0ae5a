using Larder.Wasm.Execution;

namespace Larder.Wasm;

public sealed unsafe partial class Store
{
    /// <summary>Makes an instance of a module and runs its start function.</summary>
    /// <param name="module">The module.</param>
    /// <param name="imports">What it may import; null for nothing.</param>
    /// <exception cref="WasmException">
    /// An import is missing or of the wrong type (<see cref="WasmErrorKind.Unlinkable"/>), a segment does not fit or the
    /// start function trapped (<see cref="WasmErrorKind.Uninstantiable"/>, with the trap), or a limit is reached.
    /// </exception>
    public Instance Instantiate(CompiledModule module, Imports? imports = null)
    {
        var instance = Link(module, imports, snapshot: null);
        Trap? trap;
        try
        {
            trap = instance.Start();
        }
        finally
        {
            ReleaseIfAsked();
        }

        return trap is null
            ? instance
            : throw new WasmException(WasmErrorKind.Uninstantiable, $"the instance cannot start: {trap.Message}")
            {
                Trap = trap,
            };
    }

    /// <summary>Makes an instance that goes on from an image; its start function does not run again.</summary>
    /// <param name="snapshot">The image.</param>
    /// <param name="imports">What its module imports; null for nothing.</param>
    /// <exception cref="WasmException">An import is missing or of the wrong type, or a limit is reached.</exception>
    public Instance Instantiate(InstanceSnapshot snapshot, Imports? imports = null)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var instance = Link(snapshot.Module, imports, snapshot);
        instance.RestoreReferences(snapshot);
        return instance;
    }

    private Instance Link(CompiledModule module, Imports? imports, InstanceSnapshot? snapshot)
    {
        ArgumentNullException.ThrowIfNull(module);
        ThrowIfDisposed();
        if (module.Options.CallDepth && Options.StackBytes / 8 < Options.CallDepth)
        {
            throw new WasmException(
                WasmErrorKind.LimitExceeded,
                $"a depth of {Options.CallDepth} stack units needs {8L * Options.CallDepth} bytes of stack, the store allows {Options.StackBytes}");
        }

        foreach (var type in module.Types)
        {
            Know(type);
        }

        var linked = LinkedImports.Resolve(this, module, imports);
        var instance = new Instance(this, module, linked, snapshot);
        Add(instance);
        return instance;
    }
}
