using System.Buffers.Binary;
using System.Text;

namespace Larder.Handlers.Engine;

// Values, calls and the memory that they lie in.
internal sealed partial class QuickJsInstance
{
    private const int ReadBytecode = 1;
    private const int ValueBytes = sizeof(long);

    // What is shorter is parsed as fast.
    private const int LeastEncodedBytes = 64;

    /// <summary>Calls a function with <c>undefined</c> as <c>this</c>. The result is the caller's to free.</summary>
    public JsValue Call(JsValue function, params ReadOnlySpan<JsValue> arguments)
    {
        if (arguments.IsEmpty)
        {
            return _exports.Call.CallForValue(_context, function.Bits, JsValue.Undefined.Bits, 0, 0);
        }

        var list = Allocate(ValueBytes * arguments.Length);
        var bytes = Bytes(list, ValueBytes * arguments.Length);
        for (var index = 0; index < arguments.Length; index++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes[(ValueBytes * index)..], arguments[index].Bits);
        }

        var result = _exports.Call.CallForValue(_context, function.Bits, JsValue.Undefined.Bits, arguments.Length, list);
        Free(list);
        return result;
    }

    /// <summary>Runs one job of the queue, such as the reaction to a promise.</summary>
    /// <returns>Positive when there was one, zero when there was none, negative when it failed and an exception waits.</returns>
    public int RunJob() => _exports.ExecutePendingJob.Call();

    /// <summary>How far a promise is.</summary>
    public PromiseState StateOf(JsValue promise) => (PromiseState)_exports.PromiseState.Call(_context, promise.Bits);

    /// <summary>The value or error of a promise; the caller's to free.</summary>
    public JsValue ResultOf(JsValue promise) => _exports.PromiseResult.CallForValue(_context, promise.Bits);

    /// <summary>Loads a script that <see cref="Compile"/> made and runs it. The result is the caller's to free.</summary>
    public JsValue Load(ReadOnlySpan<byte> bytecode)
    {
        var buffer = Copy(bytecode);
        var script = _exports.ReadObject.CallForValue(_context, buffer, bytecode.Length, ReadBytecode);
        Free(buffer);
        return script.IsException ? script : _exports.EvaluateFunction.CallForValue(_context, script.Bits);
    }

    /// <summary>A string.</summary>
    public JsValue NewString(ReadOnlySpan<byte> utf8)
    {
        var buffer = Copy(utf8);
        var value = _exports.NewString.CallForValue(_context, buffer, utf8.Length);
        Free(buffer);
        return value;
    }

    /// <summary>A string.</summary>
    public JsValue NewString(string text) => NewString(Encoding.UTF8.GetBytes(text));

    /// <summary>A number.</summary>
    public JsValue NewNumber(double value) => _exports.NewNumber.CallForValue(_context, value);

    /// <summary>The value of a JSON text, or an exception.</summary>
    public JsValue ParseJson(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length < LeastEncodedBytes || !TryParseEncoded(utf8, out var value))
        {
            return ParseText(utf8);
        }

        if (value.IsException)
        {
            // The engine's own parser has the better words for it.
            FreeValue(TakeException());
            value = ParseText(utf8);
        }

        return value;
    }

    /// <summary>The value of a JSON text, or an exception, by the engine's own parser.</summary>
    internal JsValue ParseText(ReadOnlySpan<byte> utf8)
    {
        var buffer = Copy(utf8);
        var value = _exports.ParseJson.CallForValue(_context, buffer, utf8.Length, buffer + utf8.Length);
        Free(buffer);
        return value;
    }

    /// <summary>The value of a JSON text, or an exception, without the engine's parser.</summary>
    /// <returns>False when only the parser can do it.</returns>
    internal bool TryParseEncoded(ReadOnlySpan<byte> utf8, out JsValue value)
    {
        var isEncoded = _valueVersion != 0 && _encoder.TryEncode(utf8);
        value = isEncoded ? ReadEncoded((byte)_valueVersion) : default;
        return isEncoded;
    }

    private JsValue ReadEncoded(byte version)
    {
        var length = _encoder.Length;
        var buffer = Allocate(length);
        _encoder.TakeTo(Bytes(buffer, length), version);
        var value = _exports.ReadObject.CallForValue(_context, buffer, length, 0);
        Free(buffer);
        return value;
    }

    // What the engine writes begins with the version. Whether it also reads what is encoded here is tried.
    private int FindValueVersion()
    {
        var buffer = _exports.WriteObject.Call(_context, _scratch, JsValue.Null.Bits, 0);
        if (buffer == 0)
        {
            FreeValue(TakeException());
            return 0;
        }

        var version = Bytes(buffer, 1)[0];
        _exports.FreeWritten.Do(_context, buffer);
        var text = HeapLayoutFinder.Probe;
        if (!_encoder.TryEncode(text))
        {
            return 0;
        }

        var (read, parsed) = (ReadEncoded(version), ParseText(text));
        var isSame = !read.IsException && ToText(Stringify(read)) is { } json && json == ToText(Stringify(parsed));
        FreeValue(read.IsException ? TakeException() : read);
        FreeValue(parsed);
        return isSame ? version : 0;
    }

    /// <summary>A value as a JSON string; <c>undefined</c> when it has no such form, or an exception.</summary>
    public JsValue Stringify(JsValue value) => _exports.Stringify.CallForValue(
        _context, value.Bits, JsValue.Undefined.Bits, JsValue.Undefined.Bits);

    /// <summary>What <see cref="TryReadJson"/> read last.</summary>
    public ReadOnlySpan<byte> ReadJson => _writer.Written;

    /// <summary>Reads a value as JSON, when that can be had without running anything; what <see cref="Stringify"/> would give.</summary>
    public bool TryReadJson(JsValue value) => _heap.IsKnown && _writer.TryWrite(new HeapView(Memory(), _heap), value);

    /// <summary>A string of ASCII, read where it lies.</summary>
    public bool TryReadAscii(JsValue value, int mostBytes, out ReadOnlySpan<byte> text)
    {
        text = default;
        return _heap.IsKnown && value.Tag == JsTag.String
            && new HeapView(Memory(), _heap).TryString(value.Int32, out text, out var isWide)
            && !isWide && text.Length <= mostBytes && Ascii.IsValid(text);
    }

    /// <summary>The text of a value as UTF-8, in the engine's memory; ends with <see cref="FreeText"/>.</summary>
    /// <returns>The address; 0 when the value has no text and an exception waits.</returns>
    public int Text(JsValue value, out int length)
    {
        // The length goes to a word that is allocated once and part of every image.
        var address = _exports.ToText.Call(_context, _scratch, value.Bits, 0);
        length = address == 0 ? 0 : ReadInt32(_scratch);
        return address;
    }

    /// <summary>Gives back what <see cref="Text"/> gave.</summary>
    public void FreeText(int address) => _exports.FreeText.Do(_context, address);

    /// <summary>The text of a value; null when it has none.</summary>
    public string? ToText(JsValue value)
    {
        var address = Text(value, out var length);
        if (address == 0)
        {
            FreeValue(TakeException());
            return null;
        }

        var text = Encoding.UTF8.GetString(Bytes(address, length));
        FreeText(address);
        return text;
    }

    /// <summary>A property of an object; the caller's to free.</summary>
    public JsValue Property(JsValue value, string name)
    {
        var buffer = Copy(Encoding.UTF8.GetBytes(name));
        var property = _exports.Property.CallForValue(_context, value.Bits, buffer);
        Free(buffer);
        return property;
    }

    /// <summary>Throws a value, which the engine owns from now on, in the function that called the host.</summary>
    public JsValue Throw(JsValue value) => _exports.Throw.CallForValue(_context, value.Bits);

    /// <summary>What was thrown, which the caller owns; no exception waits any more.</summary>
    public JsValue TakeException() => _exports.TakeException.CallForValue(_context);

    /// <summary>One more reference to a value.</summary>
    public JsValue Duplicate(JsValue value) =>
        value.IsCounted ? _exports.DupValue.CallForValue(_context, value.Bits) : value;

    /// <summary>One reference less.</summary>
    public void FreeValue(JsValue value)
    {
        if (value.IsCounted)
        {
            _exports.FreeValue.Do(_context, value.Bits);
        }
    }

    /// <summary>The function by which JavaScript calls <see cref="OnCall"/>.</summary>
    public JsValue NewHostFunction()
    {
        var name = Copy("host"u8);
        var box = _exports.NewHostFunction.Call(name, 4, 0);
        Free(name);
        var value = ReadValue(box);
        Free(box);
        return value;
    }

    /// <summary>A window of the memory. It stays valid when the memory grows.</summary>
    public Span<byte> Bytes(int address, int length) => _memory.Span((uint)address, length);

    /// <summary>Allocates in the engine's memory, outside of its heap.</summary>
    /// <exception cref="GuestMemoryException">There is no room.</exception>
    public int Allocate(int bytes)
    {
        var address = _exports.Malloc.Call(bytes);
        return address != 0 ? address : throw new GuestMemoryException();
    }

    /// <summary>Gives back what <see cref="Allocate"/> gave.</summary>
    public void Free(int address) => _exports.Free.Do(address);

    // A copy with a zero behind it, which the engine wants of texts.
    private int Copy(ReadOnlySpan<byte> bytes)
    {
        var address = Allocate(bytes.Length + 1);
        var target = Bytes(address, bytes.Length + 1);
        bytes.CopyTo(target);
        target[^1] = 0;
        return address;
    }

    private int ReadInt32(int address) => BinaryPrimitives.ReadInt32LittleEndian(Bytes(address, sizeof(int)));

    private JsValue ReadValue(int address) => new(BinaryPrimitives.ReadInt64LittleEndian(Bytes(address, ValueBytes)));
}
