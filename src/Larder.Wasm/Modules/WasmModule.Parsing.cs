using Larder.Wasm.Decoding;

namespace Larder.Wasm;

public sealed partial class WasmModule
{
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
}
