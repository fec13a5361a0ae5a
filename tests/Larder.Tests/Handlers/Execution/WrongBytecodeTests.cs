using System.Text;
using Larder.Handlers;
using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Execution;

/// <summary>Bytecode that no compiler made, in files that are right otherwise: it hurts its own instance only.</summary>
public sealed class WrongBytecodeTests(RuntimeFixture fixture)
{
    private const string Source =
        """
        const text = 'abc'.repeat(3); let sum = 0;
        for (const each of [1, 2, 3]) { sum += each * $args.n; $state.sum = sum }
        function inner(a, b) { try { return a[b].map(x => `${x}${text}`) } catch (e) { return [e.message, /x+/.test(text)] } }
        return { sum, all: inner({ k: [1n, 2.5, null] }, 'k'), at: await Promise.resolve(text.length) }
        """;

    [Fact]
    public async Task Wrong_bytecode_ends_as_a_result_and_harms_nobody()
    {
        await using var runtime = await fixture.StartAsync(
            new HandlerRuntimeOptions { MinInstances = 0, MaxInstances = 1, MemoryLimitBytes = 8 * 1024 * 1024 });
        var build = new HandlerBuild(TestEngine.Require().Digest, "", keepsText: true, default);
        var right = await runtime.PrecompileAsync(Source);
        Assert.Equal(ArtifactFault.None, HandlerArtifact.Read(right.Artifact, build, null, out var handler));
        var bytecode = handler!.Bytecode; // There is no fault.
        var map = SourceMap.Of(Source).Encode();
        var digest = handler.SourceDigest;
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var limits = new ExecutionLimits { Timeout = TimeSpan.FromMilliseconds(300), Fuel = 20_000_000_000 };
        var context = RuntimeFixture.Context(arguments: "{\"n\":2}");
        var expected = (await runtime.ExecuteAsync(Source, context)).ReturnValue?.GetRawText();
        for (var round = 0; round < 250; round++)
        {
            var wrong = bytecode.ToArray();
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                wrong[random.Next(wrong.Length)] = (byte)random.Next(256);
            }

            var artifact = HandlerArtifact.Write(build, digest, wrong, map, Encoding.UTF8.GetBytes(Source));

            var result = await runtime.ExecuteCompiledAsync(artifact, context, limits);
            while (result.Suspension is { } suspension)
            {
                result = await runtime.ResumeAsync(suspension.Id, ResumeResult.Of(default));
            }

            Assert.True(result.Status != HandlerStatus.Suspended, $"seed {seed}, round {round}");
            if (round % 10 == 0)
            {
                Assert.Equal(expected, (await runtime.ExecuteAsync(Source, context)).ReturnValue?.GetRawText());
            }
        }

        runtime.Pool.CheckIntegrity();
    }
}
