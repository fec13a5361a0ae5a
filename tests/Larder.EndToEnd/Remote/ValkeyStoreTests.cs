using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Remote;

/// <summary>The contract over Valkey.</summary>
public sealed class ValkeyStoreTests(EngineFixture engines) : RedisServerContract(engines)
{
    private static readonly string Unpacked = Path.Combine(BuiltTool.Root, "artifacts", "engines", "valkey", "usr", "bin", "valkey-server");

    private protected override Task<EngineProcess> StartAsync()
    {
        Tools.Require("redis-cli");
        if ((File.Exists(Unpacked) ? Unpacked : Tools.Find("valkey-server")) is not { } program)
        {
            const string Reason = "Valkey could not be had here; './test' unpacks it where Debian's backports have it.";
            Assert.False(Tools.MustRun, Reason);
            Assert.Skip(Reason);
            return null!; // Never comes here.
        }

        return EngineProcess.StartRedisLikeAsync(program);
    }
}
