using System.Text.Json;
using Larder.Cache.Fingerprints;
using Larder.Node.Security;

namespace Larder.Tests.Node.Sizing;

public sealed class PlanEndpointTests
{
    [Fact]
    public async Task A_node_says_how_large_its_tiers_should_be()
    {
        await using var node = await TestNode.StartAsync();
        for (var turn = 0; turn < 3; turn++)
        {
            for (var number = 0; number < 40; number++)
            {
                if ((await node.GetAsync(PathOf(number))).Status == 404)
                {
                    await node.PutAsync(PathOf(number), new byte[10_000]);
                }
            }
        }

        var plan = Read(await node.GetAsync("/v1/plan?target=60%25"));
        var memory = plan.GetProperty("tiers")[0];

        Assert.Equal("memory", memory.GetProperty("tier").GetString());
        Assert.Equal(32 * 1024 * 1024, memory.GetProperty("capacityBytes").GetInt64());
        Assert.Equal(120, memory.GetProperty("references").GetDouble(), 1e-6);
        Assert.Equal(0.6, memory.GetProperty("target").GetDouble());
        Assert.True(memory.GetProperty("isReachable").GetBoolean());

        // All forty come round before the first comes again.
        Assert.InRange(memory.GetProperty("recommendedBytes").GetInt64(), 400_000, 480_000);
        Assert.Equal(2 / 3.0, memory.GetProperty("bestHitRatio").GetDouble(), 1e-6);
        Assert.Equal("demo", memory.GetProperty("kinds")[0].GetProperty("kind").GetString());
        Assert.Equal("disk", plan.GetProperty("tiers")[1].GetProperty("tier").GetString());
        Assert.True(plan.GetProperty("pod").GetProperty("limitBytes").GetInt64() > 100_000_000);
        Assert.True(plan.GetProperty("recommendedPod").GetProperty("limitBytes").GetInt64() <= plan.GetProperty("pod").GetProperty("limitBytes").GetInt64());
    }

    [Fact]
    public async Task What_was_seen_can_be_forgotten()
    {
        await using var node = await TestNode.StartAsync();
        await node.PutAsync(PathOf(1), new byte[100]);
        await node.GetAsync(PathOf(1));

        var answer = await node.DeleteAsync("/v1/plan");
        var plan = Read(await node.GetAsync("/v1/plan"));

        Assert.Equal(204, answer.Status);
        Assert.Equal(0, plan.GetProperty("tiers")[0].GetProperty("references").GetDouble());
    }

    [Fact]
    public async Task A_node_that_does_not_watch_says_so()
    {
        await using var node = await TestNode.StartAsync(options => options with { Sizing = false });

        var plan = Read(await node.GetAsync("/v1/plan"));

        Assert.False(plan.GetProperty("isWatching").GetBoolean());
        Assert.Equal(0, plan.GetProperty("tiers").GetArrayLength());
    }

    [Theory]
    [InlineData("/v1/plan?target=often", "'target'")]
    [InlineData("/v1/plan?target=0", "'target'")]
    [InlineData("/v1/plan?target=101", "'target'")]
    [InlineData("/v1/plan?colour=red", "'colour'")]
    public async Task A_mistake_is_a_sentence(string path, string word)
    {
        await using var node = await TestNode.StartAsync();

        var answer = await node.GetAsync(path);

        Assert.Equal(400, answer.Status);
        Assert.Contains(word, JsonDocument.Parse(answer.Body).RootElement.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reading_and_forgetting_need_rights()
    {
        await using var node = await TestNode.StartAsync(options => options with { Tokens = [AccessToken.Parse("reader-of-this;admin=r")] });

        Assert.Equal(401, (await node.GetAsync("/v1/plan")).Status);
        Assert.Equal(200, (await node.GetAsync("/v1/plan", ("Authorization", "Bearer reader-of-this"))).Status);
        Assert.Equal(403, (await node.SendAsync(HttpMethod.Delete, "/v1/plan", null, ("Authorization", "Bearer reader-of-this"))).Status);
    }

    private static string PathOf(int number) => $"/v1/artifacts/demo/{Fingerprint.OfContent(BitConverter.GetBytes(number))}";

    private static JsonElement Read(RawAnswer answer)
    {
        Assert.Equal(200, answer.Status);
        return JsonDocument.Parse(answer.Body).RootElement.Clone();
    }
}
