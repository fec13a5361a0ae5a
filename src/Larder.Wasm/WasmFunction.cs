using System.Diagnostics.CodeAnalysis;
using Larder.Wasm.Execution;

namespace Larder.Wasm;

/// <summary>
/// A function of a store: one that an instance defines, or one of the host. Like the store, for one thread at a time.
/// </summary>
public sealed unsafe partial class WasmFunction
{
    private const int FewValues = 16;

    private readonly CanonicalType _type;
    private FunctionRecord* _record;

    internal WasmFunction(Store store, CanonicalType type, FunctionRecord* record)
    {
        Store = store;
        _type = type;
        _record = record;
    }

    /// <summary>Creates a function of the host.</summary>
    /// <param name="store">The store whose instances may import it.</param>
    /// <param name="type">Its type.</param>
    /// <param name="callback">
    /// What it does. An exception of it passes through the guest to whoever called the guest, as it is.
    /// </param>
    public WasmFunction(Store store, FunctionType type, HostCallback callback)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(callback);
        Store = store;
        Callback = callback;
        _type = CanonicalTypes.Get(type);
    }

    /// <summary>Its type.</summary>
    public FunctionType Type => _type.Type;

    /// <summary>The store that it belongs to.</summary>
    public Store Store { get; }

    internal HostCallback? Callback { get; }

    // Of a host function with types of the language: its callback, and the code that calls it.
    internal Delegate? TypedCallback { get; }

    internal nint TypedCode { get; }

    internal bool IsOfHost => Callback is not null || TypedCallback is not null;

    internal CanonicalType Canonical => _type;

    internal FunctionRecord* Record => _record;

    /// <summary>Calls the function.</summary>
    /// <param name="arguments">As many values as the type has parameters, of their types.</param>
    /// <param name="results">Room for as many values as the type has results; untouched after a trap.</param>
    /// <returns>Null when the function returned; else why it did not.</returns>
    /// <exception cref="ArgumentException">Number or types of the values are wrong.</exception>
    public Trap? Call(ReadOnlySpan<WasmValue> arguments, Span<WasmValue> results)
    {
        var parameters = Type.Parameters;
        var resultTypes = Type.Results;
        if (arguments.Length != parameters.Length)
        {
            throw new ArgumentException(
                $"The function takes {parameters.Length} arguments and was given {arguments.Length}.", nameof(arguments));
        }

        if (results.Length != resultTypes.Length)
        {
            throw new ArgumentException(
                $"The function has {resultTypes.Length} results and was given room for {results.Length}.", nameof(results));
        }

        try
        {
            return CallChecked(arguments, results);
        }
        finally
        {
            Store.ReleaseIfAsked();
        }
    }

    /// <summary>Calls the function and returns its results.</summary>
    /// <param name="results">The results; null after a trap.</param>
    /// <param name="arguments">As many values as the type has parameters, of their types.</param>
    /// <returns>Null when the function returned; else why it did not.</returns>
    public Trap? TryCall([NotNullWhen(false)] out WasmValue[]? results, params ReadOnlySpan<WasmValue> arguments)
    {
        results = new WasmValue[Type.Results.Length];
        var trap = Call(arguments, results);
        if (trap is not null)
        {
            results = null;
        }

        return trap;
    }

    // The number that stands for this function in tables and globals of its store.
    internal nint ReferenceIn(Store store)
    {
        if (store != Store)
        {
            throw new ArgumentException("The function belongs to another store.", nameof(store));
        }

        Bind();
        return (nint)_record;
    }

    private Trap? CallChecked(ReadOnlySpan<WasmValue> arguments, Span<WasmValue> results)
    {
        var parameters = Type.Parameters;
        var resultTypes = Type.Results;
        Bind();
        var count = Math.Max(parameters.Length, 1);
        var raw = count <= FewValues ? stackalloc RawValue[FewValues] : new RawValue[count];
        RawValue result;
        fixed (RawValue* values = raw)
        {
            for (var index = 0; index < parameters.Length; index++)
            {
                Values.ToRaw(Store, parameters[index], arguments[index], values + index);
            }

            var trap = Store.Run(_record, values, &result);
            if (trap is not null)
            {
                return trap;
            }
        }

        for (var index = 0; index < resultTypes.Length; index++)
        {
            var source = index == 0 ? &result : (RawValue*)Store.Scratch + (index - 1);
            results[index] = Values.FromRaw(Store, resultTypes[index], source);
        }

        return null;
    }

    // A host function has no code of its own: a module that does nothing but import and export it gives it some.
    private void Bind()
    {
        if (_record == null)
        {
            var adapter = CompiledModule.Compile(HostAdapter.ModuleFor(Type));
            var imports = new Imports();
            imports.Add("", "", this);
            var instance = Store.Instantiate(adapter, imports);
            _record = instance.ImportRecord(0);
            Store.Know((nint)_record, this);
        }
    }
}
