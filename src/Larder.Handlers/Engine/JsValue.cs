namespace Larder.Handlers.Engine;

/// <summary>
/// A JavaScript value as QuickJS packs it on 32-bit machines: a tag above 32 bits of content. What is not a number, a
/// boolean or one of the constants is a counted reference.
/// </summary>
/// <param name="Bits">The packed form.</param>
internal readonly record struct JsValue(long Bits)
{
    private const int LowestReference = -9;
    private const int FirstFloat = 8;

    // Floats are moved in the space of 64 bits so that tags lie where NaNs would.
    private const int FloatBias = 0x7ff8_0000 - LowestReference + 1;

    /// <summary><c>undefined</c>.</summary>
    public static JsValue Undefined { get; } = Make(JsTag.Undefined, 0);

    /// <summary><c>null</c>.</summary>
    public static JsValue Null { get; } = Make(JsTag.Null, 0);

    /// <summary>What a function gives that threw.</summary>
    public static JsValue Exception { get; } = Make(JsTag.Exception, 0);

    /// <summary>The kind of value. Floats have tags of their own that are none of the names.</summary>
    public JsTag Tag => (JsTag)(int)(Bits >> 32);

    /// <summary>The content of an integer or boolean.</summary>
    public int Int32 => (int)Bits;

    /// <summary>Whether it is a number that is no small integer.</summary>
    public bool IsFloat => (uint)((int)Tag - LowestReference) >= FirstFloat - LowestReference;

    /// <summary>The content of such a number.</summary>
    public double Float => BitConverter.Int64BitsToDouble(Bits + ((long)FloatBias << 32));

    /// <summary>Whether a function threw.</summary>
    public bool IsException => Tag == JsTag.Exception;

    /// <summary>Whether it is <c>undefined</c>.</summary>
    public bool IsUndefined => Tag == JsTag.Undefined;

    /// <summary>Whether it is a string.</summary>
    public bool IsString => Tag is JsTag.String or JsTag.StringRope;

    /// <summary>Whether the engine counts its references.</summary>
    public bool IsCounted => (uint)Tag >= unchecked((uint)LowestReference);

    /// <summary>An integer.</summary>
    public static JsValue FromInt32(int value) => Make(JsTag.Int32, value);

    /// <summary>A boolean.</summary>
    public static JsValue FromBoolean(bool value) => Make(JsTag.Boolean, value ? 1 : 0);

    private static JsValue Make(JsTag tag, int content) => new(((long)tag << 32) | (uint)content);
}
