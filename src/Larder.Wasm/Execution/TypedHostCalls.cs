using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Larder.Wasm.Execution;

/// <summary>
/// What generated code calls for host functions with types of the language: a method for each number of parameters, of
/// the same shape as a function of the guest. The last argument points to the binding.
/// </summary>
internal static unsafe class TypedHostCalls
{
    internal static void Do(nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Action<Instance>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            callback(binding.Caller);
            return;
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static void Do<TFirst>(TFirst first, nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Action<Instance, TFirst>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            callback(binding.Caller, first);
            return;
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static void Do<TFirst, TSecond>(TFirst first, TSecond second, nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Action<Instance, TFirst, TSecond>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            callback(binding.Caller, first, second);
            return;
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static void Do<TFirst, TSecond, TThird>(TFirst first, TSecond second, TThird third, nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Action<Instance, TFirst, TSecond, TThird>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            callback(binding.Caller, first, second, third);
            return;
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static void Do<TFirst, TSecond, TThird, TFourth>(
        TFirst first, TSecond second, TThird third, TFourth fourth, nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Action<Instance, TFirst, TSecond, TThird, TFourth>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            callback(binding.Caller, first, second, third, fourth);
            return;
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static void Do<TFirst, TSecond, TThird, TFourth, TFifth>(
        TFirst first, TSecond second, TThird third, TFourth fourth, TFifth fifth, nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Action<Instance, TFirst, TSecond, TThird, TFourth, TFifth>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            callback(binding.Caller, first, second, third, fourth, fifth);
            return;
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static void Do<TFirst, TSecond, TThird, TFourth, TFifth, TSixth>(
        TFirst first, TSecond second, TThird third, TFourth fourth, TFifth fifth, TSixth sixth, nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Action<Instance, TFirst, TSecond, TThird, TFourth, TFifth, TSixth>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            callback(binding.Caller, first, second, third, fourth, fifth, sixth);
            return;
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static TResult Get<TResult>(nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Func<Instance, TResult>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            return callback(binding.Caller);
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static TResult Get<TFirst, TResult>(TFirst first, nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Func<Instance, TFirst, TResult>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            return callback(binding.Caller, first);
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static TResult Get<TFirst, TSecond, TResult>(TFirst first, TSecond second, nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Func<Instance, TFirst, TSecond, TResult>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            return callback(binding.Caller, first, second);
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static TResult Get<TFirst, TSecond, TThird, TResult>(
        TFirst first, TSecond second, TThird third, nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Func<Instance, TFirst, TSecond, TThird, TResult>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            return callback(binding.Caller, first, second, third);
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static TResult Get<TFirst, TSecond, TThird, TFourth, TResult>(
        TFirst first, TSecond second, TThird third, TFourth fourth, nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Func<Instance, TFirst, TSecond, TThird, TFourth, TResult>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            return callback(binding.Caller, first, second, third, fourth);
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static TResult Get<TFirst, TSecond, TThird, TFourth, TFifth, TResult>(
        TFirst first, TSecond second, TThird third, TFourth fourth, TFifth fifth, nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Func<Instance, TFirst, TSecond, TThird, TFourth, TFifth, TResult>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            return callback(binding.Caller, first, second, third, fourth, fifth);
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    internal static TResult Get<TFirst, TSecond, TThird, TFourth, TFifth, TSixth, TResult>(
        TFirst first, TSecond second, TThird third, TFourth fourth, TFifth fifth, TSixth sixth, nint context)
    {
        var binding = Binding(context);
        Exception cause;
        try
        {
            var callback = Unsafe.As<Func<Instance, TFirst, TSecond, TThird, TFourth, TFifth, TSixth, TResult>>(
                binding.Function.TypedCallback!); // The record of such a function leads here.
            return callback(binding.Caller, first, second, third, fourth, fifth, sixth);
        }
        catch (Exception exception) when (HostCalls.IsOfHost(exception))
        {
            cause = exception;
        }

        throw new HostException(cause);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static HostBinding Binding(nint context) =>
        Unsafe.As<HostBinding>(GCHandle.FromIntPtr(*(nint*)context).Target!);
}
