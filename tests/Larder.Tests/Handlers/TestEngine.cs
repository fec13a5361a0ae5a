using Larder.Handlers;
using Larder.Handlers.Engine;
using Larder.Wasm;

namespace Larder.Tests.Handlers;

/// <summary>The JavaScript engine, which comes from npm and so may be missing where only the SDK is.</summary>
internal static class TestEngine
{
    private static readonly Lock Gate = new();

    // Guarded by Gate.
    private static CompiledModule? _compiled;

    /// <summary>
    /// The engine module. Where it is missing, the test is skipped with the reason, or fails where everything must run.
    /// </summary>
    public static EngineModule Require()
    {
        try
        {
            return EngineModule.Find();
        }
        catch (HandlersException exception) when (exception.Kind == HandlersErrorKind.EngineUnavailable)
        {
            if (Environment.GetEnvironmentVariable("CI") == "true")
            {
                Assert.Fail(exception.Message);
            }

            Assert.Skip(exception.Message);
            throw;
        }
    }

    /// <summary>The engine, compiled once for all tests.</summary>
    public static CompiledModule Compiled()
    {
        var module = Require();
        lock (Gate)
        {
            return _compiled ??= CompiledModule.Compile(module.Bytes, EngineModuleLoader.OptionsFor(fuel: false));
        }
    }
}
