using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Larder.Handlers.Contract;
using Larder.Handlers.Engine;

namespace Larder.Handlers.Execution;

// The host's functions. The prelude calls them, but nothing here relies on it: a handler that got hold of the host's
// function could do no more than with the prelude.
internal sealed partial class HandlerRun
{
    private const int MaxRandomBytes = 65_536;

    // A longer key of the state, or name of anything else, is a mistake or an attempt to fill the host's memory.
    private const int MaxNameBytes = 4096;

    // Whether the engine's ReadJson holds an argument of the operation that is answered.
    private bool _isRead;

    private static readonly string?[] CountedNames = NamesOf();

    private static ReadOnlySpan<byte> FileMark => "handler.js:"u8;

    /// <summary>Answers a call. Called by the engine while JavaScript waits.</summary>
    public JsValue Answer(ReadOnlySpan<JsValue> arguments)
    {
        try
        {
            if (arguments.IsEmpty || arguments[0].Tag != JsTag.Int32 || arguments[0].Int32 is <= 0 or >= (int)HostOperation.Count)
            {
                throw new HostRefusal(HandlerErrorCode.InvalidArgument, "there is no such host function");
            }

            var operation = (HostOperation)arguments[0].Int32;
            if (!TryReadGiven(operation, arguments[1..]))
            {
                return JsValue.FromBoolean(false);
            }

            CountCall(operation);
            return Dispatch(operation, arguments[1..]);
        }
        catch (HostRefusal refusal)
        {
            return Engine.Throw(Engine.NewString($"{refusal.Code.ToName()} {refusal.Message}"));
        }
    }

    /// <summary>Notes a promise that nobody waits for, or that somebody waits for after all.</summary>
    public void TrackRejection(JsValue promise, JsValue reason, bool isHandled)
    {
        if (isHandled)
        {
            if (_rejections?.Remove(promise, out var kept) == true)
            {
                Engine.FreeValue(promise);
                Engine.FreeValue(kept);
            }
        }
        else if ((_rejections ??= []).Count < MaxRejections)
        {
            // The promise too, so that no other one comes to lie where it lies.
            _rejections[Engine.Duplicate(promise)] = Engine.Duplicate(reason);
        }
    }

    // Reads a value that an operation is given as it is, and not as text; false when its text is needed.
    private bool TryReadGiven(HostOperation operation, ReadOnlySpan<JsValue> arguments)
    {
        const int Given = 2;
        _isRead = false;
        var isGiven = arguments.Length > Given && operation switch
        {
            HostOperation.StateSet => !IsGiven(arguments, Given - 1),
            HostOperation.EmitEvent => !IsGiven(arguments, Given - 1) && IsGiven(arguments, Given),
            HostOperation.ViewCommand or HostOperation.ExtensionCall => !arguments[Given].IsString,
            _ => false,
        };
        if (isGiven)
        {
            _isRead = Engine.TryReadJson(arguments[Given].IsUndefined ? JsValue.Null : arguments[Given]);
        }

        return _isRead == isGiven;
    }

    private void CountCall(HostOperation operation)
    {
        if (CountedNames[(int)operation] is null)
        {
            return;
        }

        if (_hostCalls >= _limits.HostCalls)
        {
            throw new HostRefusal(
                HandlerErrorCode.ResourceLimit,
                string.Create(CultureInfo.InvariantCulture, $"the limit of {_limits.HostCalls} host calls is reached"));
        }

        _hostCalls++;
        _callCounts[(int)operation]++;
    }

    private JsValue Dispatch(HostOperation operation, ReadOnlySpan<JsValue> arguments) => operation switch
    {
        HostOperation.StateGet => StateGet(TextAt(arguments, 0)),
        HostOperation.StateSet => StateSet(arguments),
        HostOperation.StateDelete => StateDelete(TextAt(arguments, 0)),
        HostOperation.StateHas => StateHas(TextAt(arguments, 0)),
        HostOperation.StateKeys => StateKeys(),
        HostOperation.EmitEvent => EmitEvent(arguments),
        HostOperation.ViewCommand => UpdateView(arguments),
        HostOperation.ExtensionCall => CallExtension(arguments),
        HostOperation.ExtensionExists => JsValue.FromBoolean(_context.Extensions.ContainsKey(TextAt(arguments, 0))),
        HostOperation.ExtensionList => List(_context.Extensions.Keys.Order(StringComparer.Ordinal)),
        HostOperation.ExtensionMethods => List(_context.Extensions.GetValueOrDefault(TextAt(arguments, 0), [])),
        HostOperation.Log => Log(arguments),
        HostOperation.Now => Now(),
        HostOperation.Random => RandomNumber(),
        HostOperation.RandomBytes => RandomBytes(arguments),
        HostOperation.Arguments => Parsed(HandlerJson.TextOf(_context.Arguments)),
        HostOperation.Scope => Parsed(HandlerJson.TextOf(_context.Scope)),
        _ => CheckClock(),
    };

    private JsValue StateGet(string key)
    {
        RequireRead(key);
        return _state.TryGet(key, out var value) ? Parsed(HandlerJson.TextOf(value)) : JsValue.Undefined;
    }

    private JsValue StateHas(string key)
    {
        RequireRead(key);
        return JsValue.FromBoolean(_state.TryGet(key, out _));
    }

    private JsValue StateKeys()
    {
        Require(_context.Capabilities.CanReadAll, "reading the names of all state keys", "state:read:*");
        return List(_state.Keys());
    }

    private JsValue StateSet(ReadOnlySpan<JsValue> arguments)
    {
        var key = TextAt(arguments, 0);
        RequireWrite(key);
        var value = JsonAt(arguments, 1, out var bytes);
        _effects.Add(new StateMutation(key, MutationOperation.Set, value), bytes);
        _state.Put(key, value);
        return JsValue.Undefined;
    }

    private JsValue StateDelete(string key)
    {
        RequireWrite(key);
        var existed = _state.TryGet(key, out _);
        _effects.Add(new StateMutation(key, MutationOperation.Delete, null), 0);
        _state.Put(key, default);
        return JsValue.FromBoolean(existed);
    }

    private JsValue EmitEvent(ReadOnlySpan<JsValue> arguments)
    {
        var name = TextAt(arguments, 0);
        if (!_context.Capabilities.CanEmit(name))
        {
            throw Denied($"emitting the event '{name}'", $"events:emit:{name}");
        }

        var bytes = 0;
        JsonElement? payload = _isRead || IsGiven(arguments, 1) ? JsonAt(arguments, 1, out bytes) : null;
        _effects.Add(new HandlerEvent(name, payload), bytes);
        return JsValue.Undefined;
    }

    private JsValue UpdateView(ReadOnlySpan<JsValue> arguments)
    {
        var type = TextAt(arguments, 0);
        if (type is not ("setFilter" or "scrollTo" or "focus" or "custom"))
        {
            throw new HostRefusal(HandlerErrorCode.InvalidArgument, $"there is no view command '{type}'");
        }

        var component = IsGiven(arguments, 1) ? TextAt(arguments, 1) : null;
        if (component is null)
        {
            Require(_context.Capabilities.CanUpdateAll, "a view command without a component", "view:update:*");
        }
        else if (!_context.Capabilities.CanUpdateView(component))
        {
            throw Denied($"updating the component '{component}'", $"view:update:{component}");
        }

        var values = JsonAt(arguments, 2, out var bytes);
        if (values.ValueKind != JsonValueKind.Object)
        {
            throw new HostRefusal(HandlerErrorCode.InvalidArgument, "the arguments of a view command must be an object");
        }

        _effects.Add(new ViewCommand(type, component, values), bytes);
        return JsValue.Undefined;
    }

    private JsValue CallExtension(ReadOnlySpan<JsValue> arguments)
    {
        var extension = TextAt(arguments, 0);
        var method = TextAt(arguments, 1);
        if (!_context.Extensions.TryGetValue(extension, out var methods))
        {
            throw new HostRefusal(HandlerErrorCode.ExtensionNotFound, $"there is no extension '{extension}'");
        }

        if (!methods.Contains(method))
        {
            throw new HostRefusal(HandlerErrorCode.MethodNotFound, $"the extension '{extension}' has no method '{method}'");
        }

        if (!_context.Capabilities.CanCall(extension))
        {
            throw Denied($"calling the extension '{extension}'", $"ext:{extension}");
        }

        var values = JsonAt(arguments, 2, out var bytes);
        _effects.AddOutput(bytes);
        _outstanding.Enqueue(new ExtensionCall(
            ++_extensionCalls,
            extension,
            method,
            values.ValueKind == JsonValueKind.Array ? [.. values.EnumerateArray()] : []));
        return JsValue.FromInt32(_extensionCalls);
    }

    private JsValue Log(ReadOnlySpan<JsValue> arguments)
    {
        if (arguments.IsEmpty || arguments[0].Tag != JsTag.Int32 || arguments[0].Int32 is < 0 or > (int)HandlerLogLevel.Error)
        {
            throw new HostRefusal(HandlerErrorCode.InvalidArgument, "there is no such log level");
        }

        var address = AddressOf(arguments, 1, out var length);
        var text = Engine.Bytes(address, Math.Min(length, Math.Max(_limits.LogBytes, 0) + MaxNameBytes));
        _effects.Log((HandlerLogLevel)arguments[0].Int32, text.IndexOf(FileMark) < 0 ? text : InOwnLines(text));
        Engine.FreeText(address);
        return JsValue.Undefined;
    }

    // Stacks in a text, by the lines of the handler's own source.
    private byte[] InOwnLines(ReadOnlySpan<byte> text)
    {
        var lines = new StringBuilder();
        foreach (var line in Encoding.UTF8.GetString(text).AsSpan().EnumerateLines())
        {
            var isFrame = line.StartsWith("    at ", StringComparison.Ordinal);
            var shown = isFrame ? Handler.Code.StackOf(line.ToString()).Text.AsSpan() : line;
            if (!isFrame || shown.Length > 0)
            {
                lines.Append(lines.Length == 0 ? "" : "\n").Append(shown);
            }
        }

        return Encoding.UTF8.GetBytes(lines.ToString().TrimEnd());
    }

    private JsValue Now()
    {
        CheckClock();
        return Engine.NewNumber(Engine.ClockNanoseconds / 1_000_000);
    }

    private JsValue RandomNumber()
    {
        RequireRandom();
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return Engine.NewNumber((BitConverter.ToUInt64(bytes) >> 11) * (1.0 / (1UL << 53)));
    }

    private JsValue RandomBytes(ReadOnlySpan<JsValue> arguments)
    {
        RequireRandom();
        if (arguments.IsEmpty || arguments[0].Tag != JsTag.Int32 || arguments[0].Int32 is < 0 or > MaxRandomBytes)
        {
            throw new HostRefusal(
                HandlerErrorCode.InvalidArgument,
                string.Create(CultureInfo.InvariantCulture, $"at most {MaxRandomBytes} random bytes can be had at a time"));
        }

        return Engine.NewString(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(arguments[0].Int32)));
    }

    private JsValue CheckClock()
    {
        Require(!_options.TimeRequiresCapability || _context.Capabilities.HasTime, "reading the time", "time:now");
        return JsValue.Undefined;
    }

    private JsValue List(IEnumerable<string> names) => Parsed(JsonSerializer.SerializeToUtf8Bytes(names.ToArray(), ListJson.Default.StringArray));

    // A value in the engine. What is too large for its memory, or too deep for its stack, waits there as an exception.
    private JsValue Parsed(ReadOnlySpan<byte> utf8)
    {
        // Most values of a state are small numbers.
        if (utf8.Length <= 9 && Utf8Parser.TryParse(utf8, out int number, out var consumed) && consumed == utf8.Length && utf8[0] != '-')
        {
            return JsValue.FromInt32(number);
        }

        return Engine.ParseJson(utf8);
    }

    private static bool IsGiven(ReadOnlySpan<JsValue> arguments, int index) =>
        index < arguments.Length && !arguments[index].IsUndefined;

    private int AddressOf(ReadOnlySpan<JsValue> arguments, int index, out int length)
    {
        if (index >= arguments.Length || !arguments[index].IsString)
        {
            throw new HostRefusal(HandlerErrorCode.InvalidArgument, "a host function needs a string where it got something else");
        }

        var address = Engine.Text(arguments[index], out length);
        return address != 0 ? address : throw new GuestMemoryException();
    }

    private string TextAt(ReadOnlySpan<JsValue> arguments, int index)
    {
        if (index < arguments.Length && Engine.TryReadAscii(arguments[index], MaxNameBytes, out var name))
        {
            return Encoding.ASCII.GetString(name);
        }

        var address = AddressOf(arguments, index, out var length);
        if (length > MaxNameBytes)
        {
            Engine.FreeText(address);
            throw new HostRefusal(
                HandlerErrorCode.InvalidArgument,
                string.Create(CultureInfo.InvariantCulture, $"a name has {length} bytes; at most {MaxNameBytes} are taken"));
        }

        var text = Encoding.UTF8.GetString(Engine.Bytes(address, length));
        Engine.FreeText(address);
        return text;
    }

    // What was read already, or else the text that an argument is.
    private JsonElement JsonAt(ReadOnlySpan<JsValue> arguments, int index, out int length)
    {
        if (_isRead)
        {
            return Parsed(Engine.ReadJson, out length);
        }

        var address = AddressOf(arguments, index, out length);
        var value = Parsed(Engine.Bytes(address, length), out length);
        Engine.FreeText(address);
        return value;
    }

    private JsonElement Parsed(ReadOnlySpan<byte> json, out int length)
    {
        length = json.Length;
        if (length > _limits.OutputBytes)
        {
            // Refused before it is copied; the buffer counts what is less.
            _effects.AddOutput(length);
        }

        return HandlerJson.Parse(json);
    }

    private void RequireRead(string key)
    {
        if (!_context.Capabilities.CanRead(key))
        {
            throw Denied($"reading the state key '{key}'", $"state:read:{key}");
        }
    }

    private void RequireWrite(string key)
    {
        if (!_context.Capabilities.CanWrite(key))
        {
            throw Denied($"changing the state key '{key}'", $"state:write:{key}");
        }
    }

    private void RequireRandom() => Require(_context.Capabilities.HasRandom, "randomness", "crypto:random");

    private static void Require(bool isGranted, string what, string capability)
    {
        if (!isGranted)
        {
            throw Denied(what, capability);
        }
    }

    private static HostRefusal Denied(string what, string capability) =>
        new(HandlerErrorCode.PermissionDenied, $"{what} needs the capability {capability}");

    private static string?[] NamesOf()
    {
        var names = new string?[(int)HostOperation.Count];
        names[(int)HostOperation.StateGet] = "state_get";
        names[(int)HostOperation.StateSet] = "state_set";
        names[(int)HostOperation.StateDelete] = "state_delete";
        names[(int)HostOperation.StateHas] = "state_has";
        names[(int)HostOperation.StateKeys] = "state_keys";
        names[(int)HostOperation.EmitEvent] = "emit_event";
        names[(int)HostOperation.ViewCommand] = "view_command";
        names[(int)HostOperation.ExtensionCall] = "ext_suspend";
        names[(int)HostOperation.ExtensionExists] = "ext_exists";
        names[(int)HostOperation.ExtensionList] = "ext_list";
        names[(int)HostOperation.ExtensionMethods] = "ext_methods";
        names[(int)HostOperation.Log] = "log";
        names[(int)HostOperation.Now] = "now";
        names[(int)HostOperation.Random] = "random";
        names[(int)HostOperation.RandomBytes] = "random_bytes";
        return names;
    }
}
