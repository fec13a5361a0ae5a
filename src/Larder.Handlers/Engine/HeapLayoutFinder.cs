namespace Larder.Handlers.Engine;

/// <summary>
/// Finds out where a new engine keeps what <see cref="HeapView"/> reads, and tries whether what is read there is what the
/// engine itself says. An engine of another build, whose structures are others, is then used without.
/// </summary>
internal static class HeapLayoutFinder
{
    // Bytes of the engine's runtime in which the table of names is looked for.
    private const int RuntimeBytes = 4096;
    /// <summary>A value with everything that can be read and written without the engine, as JSON.</summary>
    public static ReadOnlySpan<byte> Probe => """
        {"larderProbe":[1,-2147483648,2.5,-0.001,1e300,true,false,null,"","a\"\\\u0001\u00e9","\u4e00\ud83d\ude00\ud800"],
        "toJSONs":{"nested":{"deeper":[[],{},[{"a":1,"b":[2]}],{"a":-1,"b":-0.0}]}},"\u00fc \u4e8c":"x"}
        """u8;

    /// <summary>The layout; the default when it is another one than is known.</summary>
    /// <param name="engine">An engine that has run nothing but what belongs to it.</param>
    public static HeapLayout Find(QuickJsInstance engine)
    {
        var probe = engine.ParseJson(Probe);
        var named = engine.ParseJson("""{"toJSON":[]}"""u8);
        if (probe.Tag != JsTag.Object || named.Tag != JsTag.Object)
        {
            return default;
        }

        var layout = Find(engine, probe.Int32, named.Int32);
        var isRight = layout.IsKnown && Agrees(engine, layout, probe);
        engine.FreeValue(named);
        engine.FreeValue(probe);
        return isRight ? layout : default;
    }

    private static HeapLayout Find(QuickJsInstance engine, int probe, int named)
    {
        var heap = new HeapView(engine.Memory(), default);
        if (!heap.TryShape(heap.ShapeOf(probe), out var count, out var first) || count == 0
            || !heap.TryShape(heap.ShapeOf(named), out count, out var firstNamed) || count != 1)
        {
            return default;
        }

        var array = heap.Value(heap.PropertiesOf(named)).Int32;
        var wanted = heap.Name(first, 0);
        for (var field = engine.RuntimeAddress; field < engine.RuntimeAddress + RuntimeBytes; field += sizeof(int))
        {
            var layout = new HeapLayout(
                field,
                (int)heap.Name(firstNamed, 0),
                heap.PrototypeOf(heap.ShapeOf(probe)),
                heap.PrototypeOf(heap.ShapeOf(array)));
            var view = new HeapView(engine.Memory(), layout);
            var address = view.StringOf(wanted);
            if (address != 0 && view.TryString(address, out var text, out var isWide) && !isWide && text.SequenceEqual("larderProbe"u8))
            {
                return layout;
            }
        }

        return default;
    }

    private static bool Agrees(QuickJsInstance engine, HeapLayout layout, JsValue value)
    {
        var text = engine.Stringify(value);
        var address = engine.Text(text, out var length);
        if (address == 0)
        {
            return false;
        }

        var writer = new HeapJsonWriter();
        var agrees = writer.TryWrite(new HeapView(engine.Memory(), layout), value)
            && writer.Written.SequenceEqual(engine.Bytes(address, length));
        engine.FreeText(address);
        engine.FreeValue(text);
        return agrees;
    }
}
