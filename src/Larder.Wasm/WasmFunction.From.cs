using Larder.Wasm.Execution;

namespace Larder.Wasm;

// Host functions with values of the language's own types, called by generated code without anything in between.
public sealed unsafe partial class WasmFunction
{
    /// <summary>
    /// Creates a function of the host whose type is that of the callback: <see cref="int"/> and <see cref="uint"/> stand for
    /// i32, <see cref="long"/> and <see cref="ulong"/> for i64, <see cref="float"/> and <see cref="double"/> for themselves.
    /// </summary>
    /// <param name="store">The store whose instances may import it.</param>
    /// <param name="callback">
    /// What it does, given the instance that calls. An exception of it passes through the guest to whoever called the guest.
    /// </param>
    /// <exception cref="ArgumentException">The callback has a parameter or result of another type.</exception>
    public static WasmFunction From(Store store, Action<Instance> callback) =>
        new(
            store,
            TypedSignature<ValueTuple, ValueTuple>.Type,
            callback,
            (nint)(delegate*<nint, void>)&TypedHostCalls.Do);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TFirst>(Store store, Action<Instance, TFirst> callback)
        where TFirst : unmanaged =>
        new(
            store,
            TypedSignature<ValueTuple<TFirst>, ValueTuple>.Type,
            callback,
            (nint)(delegate*<TFirst, nint, void>)&TypedHostCalls.Do<TFirst>);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TFirst, TSecond>(Store store, Action<Instance, TFirst, TSecond> callback)
        where TFirst : unmanaged
        where TSecond : unmanaged =>
        new(
            store,
            TypedSignature<(TFirst, TSecond), ValueTuple>.Type,
            callback,
            (nint)(delegate*<TFirst, TSecond, nint, void>)&TypedHostCalls.Do<TFirst, TSecond>);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TFirst, TSecond, TThird>(
        Store store, Action<Instance, TFirst, TSecond, TThird> callback)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged =>
        new(
            store,
            TypedSignature<(TFirst, TSecond, TThird), ValueTuple>.Type,
            callback,
            (nint)(delegate*<TFirst, TSecond, TThird, nint, void>)&TypedHostCalls.Do<TFirst, TSecond, TThird>);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TFirst, TSecond, TThird, TFourth>(
        Store store, Action<Instance, TFirst, TSecond, TThird, TFourth> callback)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged =>
        new(
            store,
            TypedSignature<(TFirst, TSecond, TThird, TFourth), ValueTuple>.Type,
            callback,
            (nint)(delegate*<TFirst, TSecond, TThird, TFourth, nint, void>)
                &TypedHostCalls.Do<TFirst, TSecond, TThird, TFourth>);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TFirst, TSecond, TThird, TFourth, TFifth>(
        Store store, Action<Instance, TFirst, TSecond, TThird, TFourth, TFifth> callback)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
        where TFifth : unmanaged =>
        new(
            store,
            TypedSignature<(TFirst, TSecond, TThird, TFourth, TFifth), ValueTuple>.Type,
            callback,
            (nint)(delegate*<TFirst, TSecond, TThird, TFourth, TFifth, nint, void>)
                &TypedHostCalls.Do<TFirst, TSecond, TThird, TFourth, TFifth>);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TFirst, TSecond, TThird, TFourth, TFifth, TSixth>(
        Store store, Action<Instance, TFirst, TSecond, TThird, TFourth, TFifth, TSixth> callback)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
        where TFifth : unmanaged
        where TSixth : unmanaged =>
        new(
            store,
            TypedSignature<(TFirst, TSecond, TThird, TFourth, TFifth, TSixth), ValueTuple>.Type,
            callback,
            (nint)(delegate*<TFirst, TSecond, TThird, TFourth, TFifth, TSixth, nint, void>)
                &TypedHostCalls.Do<TFirst, TSecond, TThird, TFourth, TFifth, TSixth>);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TResult>(Store store, Func<Instance, TResult> callback)
        where TResult : unmanaged =>
        new(
            store,
            TypedSignature<ValueTuple, TResult>.Type,
            callback,
            (nint)(delegate*<nint, TResult>)&TypedHostCalls.Get<TResult>);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TFirst, TResult>(Store store, Func<Instance, TFirst, TResult> callback)
        where TFirst : unmanaged
        where TResult : unmanaged =>
        new(
            store,
            TypedSignature<ValueTuple<TFirst>, TResult>.Type,
            callback,
            (nint)(delegate*<TFirst, nint, TResult>)&TypedHostCalls.Get<TFirst, TResult>);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TFirst, TSecond, TResult>(
        Store store, Func<Instance, TFirst, TSecond, TResult> callback)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TResult : unmanaged =>
        new(
            store,
            TypedSignature<(TFirst, TSecond), TResult>.Type,
            callback,
            (nint)(delegate*<TFirst, TSecond, nint, TResult>)&TypedHostCalls.Get<TFirst, TSecond, TResult>);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TFirst, TSecond, TThird, TResult>(
        Store store, Func<Instance, TFirst, TSecond, TThird, TResult> callback)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TResult : unmanaged =>
        new(
            store,
            TypedSignature<(TFirst, TSecond, TThird), TResult>.Type,
            callback,
            (nint)(delegate*<TFirst, TSecond, TThird, nint, TResult>)
                &TypedHostCalls.Get<TFirst, TSecond, TThird, TResult>);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TFirst, TSecond, TThird, TFourth, TResult>(
        Store store, Func<Instance, TFirst, TSecond, TThird, TFourth, TResult> callback)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
        where TResult : unmanaged =>
        new(
            store,
            TypedSignature<(TFirst, TSecond, TThird, TFourth), TResult>.Type,
            callback,
            (nint)(delegate*<TFirst, TSecond, TThird, TFourth, nint, TResult>)
                &TypedHostCalls.Get<TFirst, TSecond, TThird, TFourth, TResult>);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TFirst, TSecond, TThird, TFourth, TFifth, TResult>(
        Store store, Func<Instance, TFirst, TSecond, TThird, TFourth, TFifth, TResult> callback)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
        where TFifth : unmanaged
        where TResult : unmanaged =>
        new(
            store,
            TypedSignature<(TFirst, TSecond, TThird, TFourth, TFifth), TResult>.Type,
            callback,
            (nint)(delegate*<TFirst, TSecond, TThird, TFourth, TFifth, nint, TResult>)
                &TypedHostCalls.Get<TFirst, TSecond, TThird, TFourth, TFifth, TResult>);

    /// <inheritdoc cref="From(Store, Action{Instance})"/>
    public static WasmFunction From<TFirst, TSecond, TThird, TFourth, TFifth, TSixth, TResult>(
        Store store, Func<Instance, TFirst, TSecond, TThird, TFourth, TFifth, TSixth, TResult> callback)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
        where TFifth : unmanaged
        where TSixth : unmanaged
        where TResult : unmanaged =>
        new(
            store,
            TypedSignature<(TFirst, TSecond, TThird, TFourth, TFifth, TSixth), TResult>.Type,
            callback,
            (nint)(delegate*<TFirst, TSecond, TThird, TFourth, TFifth, TSixth, nint, TResult>)
                &TypedHostCalls.Get<TFirst, TSecond, TThird, TFourth, TFifth, TSixth, TResult>);

    private WasmFunction(Store store, CanonicalType? type, Delegate callback, nint code)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(callback);
        Store = store;
        TypedCallback = callback;
        TypedCode = code;
        _type = type ?? throw new ArgumentException(
            "Only int, uint, long, ulong, float and double stand for types of the guest.", nameof(callback));
    }
}
