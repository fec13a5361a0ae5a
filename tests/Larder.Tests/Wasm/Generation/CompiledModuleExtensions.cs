using System.Reflection;
using Larder.Wasm;

namespace Larder.Tests.Wasm.Generation;

internal static class CompiledModuleExtensions
{
    /// <summary>How many methods were made of parts of functions that are too long for the JIT compiler.</summary>
    public static int SplitParts(this CompiledModule module) => module.Code.Functions().FirstOrDefault()?.DeclaringType
        ?.GetMethods(BindingFlags.Static | BindingFlags.Public)
        .Count(static method => method.Name.EndsWith("part", StringComparison.Ordinal)) ?? 0;
}
