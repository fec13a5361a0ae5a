using System.Reflection;
using System.Reflection.Emit;
using Larder.Cache.Fingerprints;
using Larder.Symbols;

namespace Larder.Tests.Symbols.Support;

/// <summary>Modules and symbols that tests make up.</summary>
internal static class Sample
{
    public static ModuleId Module(string name) =>
        new($"/modules/{name}.dll", Fingerprint.OfContent(System.Text.Encoding.UTF8.GetBytes(name)));

    public static SymbolData Function(ModuleId module, string id) => new()
    {
        Key = new SymbolKey(module, id),
        Name = id[2..],
        Kind = SymbolKind.Function,
        Function = new FunctionData { Signature = $"System.Void {id[2..]}()" },
    };

    public static SymbolData Type(ModuleId module, string id, params string[] constructors) => new()
    {
        Key = new SymbolKey(module, id),
        Name = id[2..],
        Kind = SymbolKind.Type,
        Type = TypeOf(constructors),
    };

    public static TypeData TypeOf(params string[] constructors) => new() { Definition = "class X", Constructors = [.. constructors] };

    public static SymbolData Constant(ModuleId module, string id, string value) => new()
    {
        Key = new SymbolKey(module, id),
        Name = id[2..],
        Kind = SymbolKind.Constant,
        Constant = new ConstantData("System.String", value),
    };

    public static SymbolData ModuleSymbol(ModuleId module) => new()
    {
        Key = new SymbolKey(module, "A:" + module),
        Name = module.Path,
        Kind = SymbolKind.Module,
        Module = new ModuleData(module.Path, "1.0", 10, 5),
    };

    /// <summary>An assembly with one public class that has a constructor, constants and as many methods as asked for.</summary>
    public static byte[] Assembly(string name, string type, params string[] methods)
    {
        var assembly = new PersistedAssemblyBuilder(new AssemblyName(name) { Version = new Version(1, 2, 3, 4) }, typeof(object).Assembly);
        var builder = assembly.DefineDynamicModule(name).DefineType(type, TypeAttributes.Public | TypeAttributes.Class);
        builder.DefineDefaultConstructor(MethodAttributes.Public);
        var constant = builder.DefineField("Answer", typeof(int), FieldAttributes.Public | FieldAttributes.Static | FieldAttributes.Literal);
        constant.SetConstant(42);
        var text = builder.DefineField("Text", typeof(string), FieldAttributes.Public | FieldAttributes.Static | FieldAttributes.Literal);
        text.SetConstant("grüße");
        builder.DefineField("_hidden", typeof(int), FieldAttributes.Private);
        foreach (var method in methods)
        {
            var code = builder.DefineMethod(method, MethodAttributes.Public | MethodAttributes.Static, typeof(int), [typeof(int), typeof(string[])]);
            code.DefineParameter(1, ParameterAttributes.None, "number");
            code.DefineParameter(2, ParameterAttributes.None, "texts");
            var il = code.GetILGenerator();
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ret);
        }

        builder.CreateType();
        using var stream = new MemoryStream();
        assembly.Save(stream);
        return stream.ToArray();
    }
}
