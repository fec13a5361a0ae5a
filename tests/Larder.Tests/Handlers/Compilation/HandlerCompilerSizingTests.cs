using Larder.Cache.Sizing;
using Larder.Handlers.Contract;

namespace Larder.Tests.Handlers.Compilation;

/// <summary>What the compiler tells of the lookups in its own memory.</summary>
public sealed class HandlerCompilerSizingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_curve_says_how_much_memory_compiled_handlers_need()
    {
        await using var fixture = new CompilerFixture();
        await using var cache = await fixture.OpenAsync();
        await using var compiler = fixture.Compiler(cache);
        for (var turn = 0; turn < 4; turn++)
        {
            for (var number = 0; number < 20; number++)
            {
                var compilation = await compiler.CompileAsync($"return {number}", Token);
                Assert.Equal(turn == 0 ? HandlerOrigin.Compiled : HandlerOrigin.Memory, compilation.Origin);
            }
        }

        var plan = TierPlan.Make(compiler.GetCurves()!);

        Assert.Equal("compiled handlers", plan.Name);
        Assert.StartsWith("compiled handlers 64 MiB → 75 % hits, ", plan.Summary, StringComparison.Ordinal);
        Assert.Equal(80, plan.References, 1e-6);
        Assert.Equal(20, plan.WorkingSetEntries);
        Assert.Equal(0.75, plan.BestHitRatio, 1e-6);
        Assert.InRange(plan.RecommendedBytes, plan.WorkingSetBytes * 15 / 16, plan.WorkingSetBytes * 5 / 4);

        compiler.ResetCurves();
        Assert.Equal(0, compiler.GetCurves()!.Total.References);
    }

    [Fact]
    public async Task A_compiler_that_does_not_watch_has_no_curve()
    {
        await using var fixture = new CompilerFixture();
        await using var cache = await fixture.OpenAsync();
        await using var compiler = fixture.Compiler(cache, fixture.Options with { Sizing = null });
        await compiler.CompileAsync("return 1", Token);

        Assert.Null(compiler.GetCurves());
    }
}
