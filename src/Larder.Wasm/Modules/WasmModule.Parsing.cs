using Larder.Wasm.Decoding;
using Larder.Wasm.Validation;

namespace Larder.Wasm.Modules;

public sealed partial class WasmModule
{
    private const int MostThreads = 4;

    /// <summary>
    /// Decodes a module without validating it: good for looking at one. Code of functions is not read, so errors in it
    /// are found by validation only.
    /// </summary>
    /// <param name="bytes">The binary form. It must not change any more: the module refers to it.</param>
    /// <param name="limits">Limits on everything countable; null for <see cref="ModuleLimits.Default"/>.</param>
    /// <param name="features">The parts of the specification that are on.</param>
    /// <exception cref="WasmException">The bytes are not a module, or not one within the limits and features.</exception>
    public static WasmModule Decode(
        ReadOnlyMemory<byte> bytes,
        ModuleLimits? limits = null,
        WasmFeatures features = WasmFeatures.Default) =>
        ModuleDecoder.Decode(bytes, limits ?? ModuleLimits.Default, features);

    /// <summary>Decodes and validates a module.</summary>
    /// <param name="bytes">The binary form. It must not change any more: the module refers to it.</param>
    /// <param name="limits">Limits on everything countable; null for <see cref="ModuleLimits.Default"/>.</param>
    /// <param name="features">The parts of the specification that are on.</param>
    /// <param name="threads">
    /// The most threads that validate code, the caller's included; 0, the default, is one for each processor, at most four.
    /// The result is the same for every number.
    /// </param>
    /// <exception cref="WasmException">The bytes are not a valid module, or not one within the limits and features.</exception>
    public static WasmModule Parse(
        ReadOnlyMemory<byte> bytes,
        ModuleLimits? limits = null,
        WasmFeatures features = WasmFeatures.Default,
        int threads = 0)
    {
        var module = Decode(bytes, limits, features);
        module.Validate(limits, features, threads);
        return module;
    }

    /// <summary>Validates this module, whose code is still there. Code runs only after this.</summary>
    /// <param name="limits">Limits on everything countable; null for <see cref="ModuleLimits.Default"/>.</param>
    /// <param name="features">The parts of the specification that are on; those of decoding.</param>
    /// <param name="threads">The most threads that validate code; 0 is one for each processor, at most four.</param>
    /// <exception cref="WasmException">The module is not valid.</exception>
    public void Validate(ModuleLimits? limits = null, WasmFeatures features = WasmFeatures.Default, int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        ModuleValidator.Validate(
            this,
            limits ?? ModuleLimits.Default,
            features,
            threads == 0 ? Math.Min(Environment.ProcessorCount, MostThreads) : threads);
    }
}
