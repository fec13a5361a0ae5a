using Larder.Wasm.Runtime;

namespace Larder.Tests.Wasm.Runtime;

public sealed class GuardChildTests
{
    public GuardChildTests() =>
        Assert.SkipUnless(GuardTraps.IsAvailable, $"no guard pages: {GuardTraps.UnavailableReason}");

    [Theory]
    [InlineData("guard")]
    [InlineData("null")]
    public void A_guard_page_and_null_are_exceptions_in_a_fresh_process(string role)
    {
        var (exitCode, errors) = GuardChild.Run(role);

        Assert.True(exitCode == GuardChild.Caught, $"{exitCode}: {errors}");
    }

    [Theory]
    [InlineData("above")]
    [InlineData("wild")]
    public void A_wild_access_outside_of_the_arena_still_ends_the_process(string role)
    {
        var (exitCode, errors) = GuardChild.Run(role);

        Assert.True(exitCode is not (0 or GuardChild.Caught or GuardChild.Unnoticed), $"{exitCode}: {errors}");
        Assert.Contains("AccessViolationException", errors, StringComparison.Ordinal);
    }
}
