using System.Runtime.CompilerServices;
using Larder.Wasm.Execution;

namespace Larder.Wasm;

// Calls with values of the language's own types: int or uint for an i32, long or ulong for an i64, float and double. Nothing
// is allocated, and nothing is looked at but whether the types are those of the function.
[SkipLocalsInit]
public sealed unsafe partial class WasmFunction
{
    /// <summary>
    /// Calls the function with values of the language's own types: <see cref="int"/> or <see cref="uint"/> for an i32,
    /// <see cref="long"/> or <see cref="ulong"/> for an i64, <see cref="float"/> and <see cref="double"/>. A function of
    /// other types, or with several results, is called by <see cref="Call"/>.
    /// </summary>
    /// <returns>Null when the function returned; else why it did not.</returns>
    /// <exception cref="ArgumentException">The function has another type.</exception>
    public Trap? Invoke()
    {
        Expect(TypedSignature<ValueTuple, ValueTuple>.Type);
        return Enter(null);
    }

    /// <inheritdoc cref="Invoke()"/>
    public Trap? Invoke<TFirst>(TFirst first)
        where TFirst : unmanaged
    {
        Expect(TypedSignature<ValueTuple<TFirst>, ValueTuple>.Type);
        var values = stackalloc RawValue[1];
        *(TFirst*)values = first;
        return Enter(values);
    }

    /// <inheritdoc cref="Invoke()"/>
    public Trap? Invoke<TFirst, TSecond>(TFirst first, TSecond second)
        where TFirst : unmanaged
        where TSecond : unmanaged
    {
        Expect(TypedSignature<(TFirst, TSecond), ValueTuple>.Type);
        var values = stackalloc RawValue[2];
        *(TFirst*)values = first;
        *(TSecond*)(values + 1) = second;
        return Enter(values);
    }

    /// <inheritdoc cref="Invoke()"/>
    public Trap? Invoke<TFirst, TSecond, TThird>(TFirst first, TSecond second, TThird third)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
    {
        Expect(TypedSignature<(TFirst, TSecond, TThird), ValueTuple>.Type);
        var values = stackalloc RawValue[3];
        *(TFirst*)values = first;
        *(TSecond*)(values + 1) = second;
        *(TThird*)(values + 2) = third;
        return Enter(values);
    }

    /// <inheritdoc cref="Invoke()"/>
    public Trap? Invoke<TFirst, TSecond, TThird, TFourth>(TFirst first, TSecond second, TThird third, TFourth fourth)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
    {
        Expect(TypedSignature<(TFirst, TSecond, TThird, TFourth), ValueTuple>.Type);
        var values = stackalloc RawValue[4];
        *(TFirst*)values = first;
        *(TSecond*)(values + 1) = second;
        *(TThird*)(values + 2) = third;
        *(TFourth*)(values + 3) = fourth;
        return Enter(values);
    }

    /// <inheritdoc cref="Invoke()"/>
    public Trap? Invoke<TFirst, TSecond, TThird, TFourth, TFifth>(
        TFirst first, TSecond second, TThird third, TFourth fourth, TFifth fifth)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
        where TFifth : unmanaged
    {
        Expect(TypedSignature<(TFirst, TSecond, TThird, TFourth, TFifth), ValueTuple>.Type);
        var values = stackalloc RawValue[5];
        *(TFirst*)values = first;
        *(TSecond*)(values + 1) = second;
        *(TThird*)(values + 2) = third;
        *(TFourth*)(values + 3) = fourth;
        *(TFifth*)(values + 4) = fifth;
        return Enter(values);
    }

    /// <inheritdoc cref="Invoke()"/>
    public Trap? Invoke<TFirst, TSecond, TThird, TFourth, TFifth, TSixth>(
        TFirst first, TSecond second, TThird third, TFourth fourth, TFifth fifth, TSixth sixth)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
        where TFifth : unmanaged
        where TSixth : unmanaged
    {
        Expect(TypedSignature<(TFirst, TSecond, TThird, TFourth, TFifth, TSixth), ValueTuple>.Type);
        var values = stackalloc RawValue[6];
        *(TFirst*)values = first;
        *(TSecond*)(values + 1) = second;
        *(TThird*)(values + 2) = third;
        *(TFourth*)(values + 3) = fourth;
        *(TFifth*)(values + 4) = fifth;
        *(TSixth*)(values + 5) = sixth;
        return Enter(values);
    }

    /// <inheritdoc cref="Invoke()"/>
    /// <param name="result">What the function returned; the default after a trap.</param>
    public Trap? Invoke<TResult>(out TResult result)
        where TResult : unmanaged
    {
        Expect(TypedSignature<ValueTuple, TResult>.Type);
        return Enter(null, out result);
    }

    /// <inheritdoc cref="Invoke{TResult}(out TResult)"/>
    public Trap? Invoke<TFirst, TResult>(TFirst first, out TResult result)
        where TFirst : unmanaged
        where TResult : unmanaged
    {
        Expect(TypedSignature<ValueTuple<TFirst>, TResult>.Type);
        var values = stackalloc RawValue[1];
        *(TFirst*)values = first;
        return Enter(values, out result);
    }

    /// <inheritdoc cref="Invoke{TResult}(out TResult)"/>
    public Trap? Invoke<TFirst, TSecond, TResult>(TFirst first, TSecond second, out TResult result)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TResult : unmanaged
    {
        Expect(TypedSignature<(TFirst, TSecond), TResult>.Type);
        var values = stackalloc RawValue[2];
        *(TFirst*)values = first;
        *(TSecond*)(values + 1) = second;
        return Enter(values, out result);
    }

    /// <inheritdoc cref="Invoke{TResult}(out TResult)"/>
    public Trap? Invoke<TFirst, TSecond, TThird, TResult>(
        TFirst first, TSecond second, TThird third, out TResult result)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TResult : unmanaged
    {
        Expect(TypedSignature<(TFirst, TSecond, TThird), TResult>.Type);
        var values = stackalloc RawValue[3];
        *(TFirst*)values = first;
        *(TSecond*)(values + 1) = second;
        *(TThird*)(values + 2) = third;
        return Enter(values, out result);
    }

    /// <inheritdoc cref="Invoke{TResult}(out TResult)"/>
    public Trap? Invoke<TFirst, TSecond, TThird, TFourth, TResult>(
        TFirst first, TSecond second, TThird third, TFourth fourth, out TResult result)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
        where TResult : unmanaged
    {
        Expect(TypedSignature<(TFirst, TSecond, TThird, TFourth), TResult>.Type);
        var values = stackalloc RawValue[4];
        *(TFirst*)values = first;
        *(TSecond*)(values + 1) = second;
        *(TThird*)(values + 2) = third;
        *(TFourth*)(values + 3) = fourth;
        return Enter(values, out result);
    }

    /// <inheritdoc cref="Invoke{TResult}(out TResult)"/>
    public Trap? Invoke<TFirst, TSecond, TThird, TFourth, TFifth, TResult>(
        TFirst first, TSecond second, TThird third, TFourth fourth, TFifth fifth, out TResult result)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
        where TFifth : unmanaged
        where TResult : unmanaged
    {
        Expect(TypedSignature<(TFirst, TSecond, TThird, TFourth, TFifth), TResult>.Type);
        var values = stackalloc RawValue[5];
        *(TFirst*)values = first;
        *(TSecond*)(values + 1) = second;
        *(TThird*)(values + 2) = third;
        *(TFourth*)(values + 3) = fourth;
        *(TFifth*)(values + 4) = fifth;
        return Enter(values, out result);
    }

    /// <inheritdoc cref="Invoke{TResult}(out TResult)"/>
    public Trap? Invoke<TFirst, TSecond, TThird, TFourth, TFifth, TSixth, TResult>(
        TFirst first, TSecond second, TThird third, TFourth fourth, TFifth fifth, TSixth sixth, out TResult result)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
        where TFifth : unmanaged
        where TSixth : unmanaged
        where TResult : unmanaged
    {
        Expect(TypedSignature<(TFirst, TSecond, TThird, TFourth, TFifth, TSixth), TResult>.Type);
        var values = stackalloc RawValue[6];
        *(TFirst*)values = first;
        *(TSecond*)(values + 1) = second;
        *(TThird*)(values + 2) = third;
        *(TFourth*)(values + 3) = fourth;
        *(TFifth*)(values + 4) = fifth;
        *(TSixth*)(values + 5) = sixth;
        return Enter(values, out result);
    }

    private void Expect(CanonicalType? type)
    {
        if (type != _type)
        {
            throw new ArgumentException(type is null
                ? "Only int, uint, long, ulong, float and double stand for types of the guest."
                : $"The function is {Type}, and is called as {type.Type}.");
        }
    }

    // Nothing has to be done for what Run throws: it has released the store then.
    private Trap? Enter(RawValue* arguments)
    {
        Bind();
        RawValue value;
        var trap = Store.Run(_record, arguments, &value);
        Store.ReleaseIfAsked();
        return trap;
    }

    private Trap? Enter<TResult>(RawValue* arguments, out TResult result)
        where TResult : unmanaged
    {
        Bind();
        RawValue value;
        var trap = Store.Run(_record, arguments, &value);
        result = trap is null ? *(TResult*)&value : default;
        Store.ReleaseIfAsked();
        return trap;
    }
}
