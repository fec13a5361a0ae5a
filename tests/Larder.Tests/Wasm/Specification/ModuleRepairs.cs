namespace Larder.Tests.Wasm.Specification;

/// <summary>
/// Repairs modules of the suite's data whose assembler left the memory index of an active data segment out: the flag 2
/// says that one follows, and none does. The indices are those of the suite's source text.
/// </summary>
internal static class ModuleRepairs
{
    private const int DataSection = 11;

    // Where an index is missing, in bytes from the start of the module, and the index.
    private static readonly Dictionary<string, (int Offset, byte Memory)[]> Missing = new()
    {
        ["address0.0.wasm"] = [(699, 1)],
        ["address1.0.wasm"] = [(975, 4)],
        ["data0.0.wasm"] = [(81, 1), (90, 2), (162, 1), (171, 2)],
        ["data0.2.wasm"] = [(78, 1), (84, 2)],
        ["data1.0.wasm"] = [(21, 1)],
        ["data1.1.wasm"] = [(24, 2)],
        ["data1.2.wasm"] = [(24, 1)],
        ["data1.3.wasm"] = [(21, 2)],
        ["data1.4.wasm"] = [(24, 2)],
        ["data1.5.wasm"] = [(47, 1)],
        ["data1.6.wasm"] = [(24, 1)],
        ["data1.8.wasm"] = [(21, 2)],
        ["data1.9.wasm"] = [(24, 1)],
        ["data1.10.wasm"] = [(21, 2)],
        ["data1.11.wasm"] = [(72, 2)],
        ["data1.12.wasm"] = [(21, 2)],
        ["data1.13.wasm"] = [(91, 3)],
        ["data_drop0.0.wasm"] = [(146, 1)],
        ["float_exprs1.0.wasm"] = [(194, 5)],
        ["float_memory0.0.wasm"] = [(173, 3)],
        ["float_memory0.1.wasm"] = [(170, 1)],
        ["imports1.0.wasm"] = [(129, 2)],
        ["imports2.1.wasm"] = [(79, 1)],
        ["linking1.0.wasm"] = [(79, 1)],
        ["linking1.1.wasm"] = [(85, 1)],
        ["linking2.0.wasm"] = [(79, 1)],
        ["linking3.0.wasm"] = [(79, 1)],
        ["load0.0.wasm"] = [(77, 1)],
        ["load1.1.wasm"] = [(91, 1)],
        ["memory_copy0.0.wasm"] = [(100, 1), (109, 2), (118, 3)],
        ["memory_copy1.0.wasm"] = [(99, 1), (108, 2), (117, 3)],
        ["memory_trap1.0.wasm"] = [(629, 2), (642, 2)],
        ["start0.0.wasm"] = [(114, 1)],
        ["store2.1.wasm"] = [(202, 1)],
    };

    /// <summary>The module as it should be.</summary>
    /// <param name="name">Name of the module's file.</param>
    /// <param name="bytes">Its content.</param>
    public static byte[] Apply(string name, byte[] bytes)
    {
        if (!Missing.TryGetValue(name, out var indices))
        {
            return bytes;
        }

        var repaired = new List<byte>(bytes);
        foreach (var (offset, memory) in indices.Reverse())
        {
            Assert.Equal(2, repaired[offset - 1]);
            repaired.Insert(offset, memory);
        }

        // The section grows by less than what would make its length a byte longer.
        var length = FindDataSection(bytes) + 1;
        repaired[length] += (byte)indices.Length;
        Assert.Equal(bytes[length] >> 7, repaired[length] >> 7);
        return [.. repaired];
    }

    private static int FindDataSection(byte[] bytes)
    {
        var at = 8;
        while (bytes[at] != DataSection)
        {
            var (length, shift) = (0, 0);
            do
            {
                at++;
                length |= (bytes[at] & 0x7F) << shift;
                shift += 7;
            }
            while (bytes[at] >= 0x80);
            at += length + 1;
        }

        return at;
    }
}
