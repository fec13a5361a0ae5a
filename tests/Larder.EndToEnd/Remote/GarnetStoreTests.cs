using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Remote;

/// <summary>The contract over Garnet.</summary>
public sealed class GarnetStoreTests(EngineFixture engines) : RedisServerContract(engines)
{
    private static readonly string Program = Path.Combine(BuiltTool.Root, "artifacts", "engines", "garnet", "garnet-server");

    private protected override Task<EngineProcess> StartAsync()
    {
        Tools.Require("redis-cli");
        if (!File.Exists(Program))
        {
            const string Reason = "Garnet could not be had here; './test' installs it where the .NET tool 'garnet-server' restores.";
            Assert.False(Tools.MustRun, Reason);
            Assert.Skip(Reason);
        }

        return EngineProcess.StartGarnetAsync(Program);
    }
}
