using Larder.Wasm;

namespace Larder.Handlers.Engine;

/// <summary>An export of the engine. Addresses and counts are <see cref="int"/>, values <see cref="long"/>.</summary>
internal readonly struct GuestFunction(WasmFunction function)
{
    /// <summary>Calls a function without a result.</summary>
    /// <exception cref="GuestTrapException">It was stopped.</exception>
    public void Do() => Check(function.Invoke());

    /// <inheritdoc cref="Do()"/>
    public void Do<TFirst>(TFirst first)
        where TFirst : unmanaged => Check(function.Invoke(first));

    /// <inheritdoc cref="Do()"/>
    public void Do<TFirst, TSecond>(TFirst first, TSecond second)
        where TFirst : unmanaged
        where TSecond : unmanaged => Check(function.Invoke(first, second));

    /// <summary>Calls a function for an address or a number.</summary>
    /// <exception cref="GuestTrapException">It was stopped.</exception>
    public int Call()
    {
        Check(function.Invoke(out int result));
        return result;
    }

    /// <inheritdoc cref="Call()"/>
    public int Call<TFirst>(TFirst first)
        where TFirst : unmanaged
    {
        Check(function.Invoke(first, out int result));
        return result;
    }

    /// <inheritdoc cref="Call()"/>
    public int Call<TFirst, TSecond>(TFirst first, TSecond second)
        where TFirst : unmanaged
        where TSecond : unmanaged
    {
        Check(function.Invoke(first, second, out int result));
        return result;
    }

    /// <inheritdoc cref="Call()"/>
    public int Call<TFirst, TSecond, TThird>(TFirst first, TSecond second, TThird third)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
    {
        Check(function.Invoke(first, second, third, out int result));
        return result;
    }

    /// <inheritdoc cref="Call()"/>
    public int Call<TFirst, TSecond, TThird, TFourth>(TFirst first, TSecond second, TThird third, TFourth fourth)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
    {
        Check(function.Invoke(first, second, third, fourth, out int result));
        return result;
    }

    /// <inheritdoc cref="Call()"/>
    public int Call(int first, int second, int third, int fourth, int fifth, int sixth)
    {
        Check(function.Invoke(first, second, third, fourth, fifth, sixth, out int result));
        return result;
    }

    /// <summary>Calls a function for a JavaScript value.</summary>
    /// <exception cref="GuestTrapException">It was stopped.</exception>
    public JsValue CallForValue<TFirst>(TFirst first)
        where TFirst : unmanaged
    {
        Check(function.Invoke(first, out long result));
        return new JsValue(result);
    }

    /// <inheritdoc cref="CallForValue{TFirst}(TFirst)"/>
    public JsValue CallForValue<TFirst, TSecond>(TFirst first, TSecond second)
        where TFirst : unmanaged
        where TSecond : unmanaged
    {
        Check(function.Invoke(first, second, out long result));
        return new JsValue(result);
    }

    /// <inheritdoc cref="CallForValue{TFirst}(TFirst)"/>
    public JsValue CallForValue<TFirst, TSecond, TThird>(TFirst first, TSecond second, TThird third)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
    {
        Check(function.Invoke(first, second, third, out long result));
        return new JsValue(result);
    }

    /// <inheritdoc cref="CallForValue{TFirst}(TFirst)"/>
    public JsValue CallForValue<TFirst, TSecond, TThird, TFourth>(TFirst first, TSecond second, TThird third, TFourth fourth)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
    {
        Check(function.Invoke(first, second, third, fourth, out long result));
        return new JsValue(result);
    }

    /// <inheritdoc cref="CallForValue{TFirst}(TFirst)"/>
    public JsValue CallForValue(int first, long second, long third, int fourth, int fifth)
    {
        Check(function.Invoke(first, second, third, fourth, fifth, out long result));
        return new JsValue(result);
    }

    private static void Check(Trap? trap)
    {
        if (trap is not null)
        {
            throw new GuestTrapException(trap);
        }
    }
}
