namespace Larder.Tests.Wasm.Runtime;

/// <summary>A machine that has no more memory for a guest that may have it.</summary>
public sealed class RefusedGrowthTests
{
    [Theory]
    [InlineData("growth")]
    [InlineData("strict growth")]
    public void A_guest_is_answered_or_the_host_is_told_as_the_store_says(string role)
    {
        var (exitCode, errors) = GuardChild.Run(role);

        Assert.True(exitCode == GuardChild.Caught, $"{exitCode}: {errors}");
    }
}
