using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using Larder.Wasm.Compilation;

namespace Larder.Wasm.Execution;

/// <summary>
/// A loaded assembly of generated code and the addresses in it. The code stays loaded at least as long as this object.
/// Immutable; thread safe.
/// </summary>
internal sealed unsafe class GeneratedCode
{
    // What an unloadable assembly holds of the machine beyond its code, by measurement: about seven mappings, of which
    // Linux gives a process 65,530.
    private const long PressureBytes = 512 * 1024;

    private readonly Type _type;
    private readonly nint[] _addresses;
    private readonly int _referenced;
    private readonly int _types;
    private readonly long _pressure;

    public GeneratedCode(ReadOnlyMemory<byte> assembly, int referenced, int types, bool unloadable)
    {
        var context = new Context(unloadable);
        _type = context.LoadFromStream(new MemoryStream(assembly.ToArray(), writable: false)).GetType(AssemblyWriter.TypeName, throwOnError: true)!;
        _referenced = referenced;
        _types = types;
        if (unloadable)
        {
            // The collector sees small objects only; without this it lets contexts wait until the machine refuses more.
            _pressure = PressureBytes + assembly.Length;
            GC.AddMemoryPressure(_pressure);
        }

        _addresses = GC.AllocateArray<nint>(referenced + (2 * types), pinned: true);
        if (_addresses.Length == 0)
        {
            return;
        }

        fixed (nint* target = _addresses)
        {
            for (var number = 0; ; number++)
            {
                var name = ModuleCompiler.AddressesMethod + number.ToString(CultureInfo.InvariantCulture);
                var method = _type.GetMethod(name, BindingFlags.Static | BindingFlags.Public);
                if (method is null)
                {
                    break;
                }

                ((delegate*<nint, void>)method.MethodHandle.GetFunctionPointer())(
                    (nint)(target + (number * ModuleCompiler.AddressesPerMethod)));
            }
        }
    }

    ~GeneratedCode()
    {
        if (_pressure != 0)
        {
            GC.RemoveMemoryPressure(_pressure);
        }
    }

    /// <summary>Code of a referenced function by its number in the layout.</summary>
    public nint Function(int record) => _addresses[record];

    /// <summary>The entry for functions of a type of the module.</summary>
    public nint Entry(int type) => _addresses[_referenced + type];

    /// <summary>The way to the host for functions of a type of the module.</summary>
    public nint Host(int type) => _addresses[_referenced + _types + type];

    /// <summary>The methods of the functions that the module defines.</summary>
    public IEnumerable<MethodInfo> Functions() =>
        _type.GetMethods(BindingFlags.Static | BindingFlags.Public).Where(method => ModuleCompiler.FunctionOf(method.Name) >= 0);

    /// <summary>The methods of some functions, in their order: what is called, and the body where that is apart.</summary>
    public IEnumerable<MethodInfo> Methods(IReadOnlyList<int> functions)
    {
        var wanted = new Dictionary<int, (MethodInfo? Entry, MethodInfo? Body)>(functions.Count);
        foreach (var function in functions)
        {
            wanted[function] = default;
        }

        foreach (var method in _type.GetMethods(BindingFlags.Static | BindingFlags.Public))
        {
            var name = method.Name;
            var isBody = name.EndsWith(ModuleCompiler.BodySuffix, StringComparison.Ordinal);
            var function = ModuleCompiler.FunctionOf(isBody ? name[..^ModuleCompiler.BodySuffix.Length] : name);
            if (wanted.TryGetValue(function, out var found))
            {
                wanted[function] = isBody ? found with { Body = method } : found with { Entry = method };
            }
        }

        return functions.SelectMany(function => new[] { wanted[function].Entry, wanted[function].Body }).OfType<MethodInfo>();
    }

    /// <summary>Whether a method of a stack frame is one of these.</summary>
    public bool Owns(MethodBase method) => method.DeclaringType == _type;

    private sealed class Context(bool unloadable) : AssemblyLoadContext(AssemblyWriter.Name, unloadable)
    {
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            // The very engine that made the code, however it was loaded itself.
            var engine = typeof(GeneratedCode).Assembly;
            return assemblyName.Name == engine.GetName().Name ? engine : null;
        }
    }
}
