namespace Larder.Wasm.Execution;

/// <summary>Makes the module through which a host function gets a place where guest code can call it.</summary>
internal static class HostAdapter
{
    /// <summary>The binary form of a module that imports one function of a type and exports it.</summary>
    public static byte[] ModuleFor(FunctionType type)
    {
        var types = new List<byte> { 1, 0x60 };
        AddTypes(types, type.Parameters.AsSpan());
        AddTypes(types, type.Results.AsSpan());

        var module = new List<byte> { 0, 0x61, 0x73, 0x6D, 1, 0, 0, 0 };
        AddSection(module, 1, types);
        AddSection(module, 2, [1, 0, 0, 0, 0]);
        AddSection(module, 7, [1, 0, 0, 0]);
        return [.. module];
    }

    private static void AddTypes(List<byte> bytes, ReadOnlySpan<WasmType> types)
    {
        AddNumber(bytes, types.Length);
        foreach (var type in types)
        {
            bytes.Add((byte)type);
        }
    }

    private static void AddSection(List<byte> module, byte id, List<byte> content)
    {
        module.Add(id);
        AddNumber(module, content.Count);
        module.AddRange(content);
    }

    private static void AddNumber(List<byte> bytes, int value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
    }
}
