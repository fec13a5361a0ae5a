using System.Text;
using Larder.Indexer;
using Larder.Indexer.Guests;
using Larder.Indexer.State;
using Larder.Tests.Wasm.Generation;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Indexer.Guests;

/// <summary>Words for tests of guests.</summary>
internal static class Guest
{
    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>The message that a guest flushes, of keys and values in turns.</summary>
    public static byte[] Message(params string[] items) =>
        [.. items.SelectMany(item => (byte[])[0x0A, .. U32((uint)Encoding.UTF8.GetByteCount(item)), .. Bytes(item)])];

    /// <summary>Calls a function of the host with constants.</summary>
    public static void Call(this WasmCode code, int function, params int[] arguments)
    {
        foreach (var argument in arguments)
        {
            code.I32(argument);
        }

        code.Op(Opcode.Call, function);
    }

    public static void Store(this WasmCode code)
    {
        code.Op(Opcode.I32Store);
        code.Bytes([2, 0]);
    }

    public static void Load(this WasmCode code)
    {
        code.Op(Opcode.I32Load);
        code.Bytes([2, 0]);
    }

    public static IndexerModule Load(byte[] module, IndexerModuleOptions? options = null) =>
        IndexerModule.Load(module, options ?? new IndexerModuleOptions { MemoryDigest = true });

    public static BlockOutcome Run(byte[] module, IndexerModuleOptions? options = null, StateReader? state = null, byte[]? block = null)
    {
        using var loaded = Load(module, options);
        using var instance = loaded.CreateInstance();
        return instance.RunBlock(7, block ?? [1, 2, 3], state ?? new DictionaryState(), TestContext.Current.CancellationToken);
    }

    public static byte[] View(byte[] module, string view, StateReader? state = null, IndexerModuleOptions? options = null)
    {
        using var loaded = Load(module, options);
        using var instance = loaded.CreateInstance();
        return instance.RunView(view, 7, new byte[] { 9 }, state ?? new DictionaryState(), TestContext.Current.CancellationToken);
    }

    /// <summary>The error that running a block comes to.</summary>
    public static IndexerException Fails(
        byte[] module, IndexerErrorKind kind = IndexerErrorKind.GuestFailed, IndexerModuleOptions? options = null)
    {
        var exception = Assert.Throws<IndexerException>(() => Run(module, options));
        Assert.Equal(kind, exception.Kind);
        return exception;
    }

    public static Dictionary<string, string> Written(this BlockOutcome outcome) => outcome.Writes.ToDictionary(
        write => Encoding.UTF8.GetString(write.Key.Span), write => Encoding.UTF8.GetString(write.Value.Span));
}

/// <summary>A state in memory.</summary>
internal sealed class DictionaryState : StateReader
{
    private readonly Dictionary<string, byte[]> _values = new(StringComparer.Ordinal);

    public List<string> Reads { get; } = [];

    public DictionaryState With(string key, string value)
    {
        _values[key] = Guest.Bytes(value);
        return this;
    }

    public override ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key)
    {
        var text = Encoding.UTF8.GetString(key);
        Reads.Add(text);
        return _values.GetValueOrDefault(text);
    }
}
