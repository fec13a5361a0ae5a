using System.Text;
using Larder.Cache.Redis.Clusters;

namespace Larder.Tests.Redis;

public sealed class HashSlotTests
{
    // 12739 is the check value 0x31C3 of the specification; the others are what CLUSTER KEYSLOT answers.
    [Theory]
    [InlineData("123456789", 0x31C3)]
    [InlineData("", 0)]
    [InlineData("foo", 12182)]
    [InlineData("bar", 5061)]
    [InlineData("{user1000}.following", 3443)]
    [InlineData("{user1000}.followers", 3443)]
    [InlineData("foo{}{bar}", 8363)]
    public void Slots_are_those_of_the_specification(string key, int slot) =>
        Assert.Equal(slot, HashSlot.Of(Encoding.UTF8.GetBytes(key)));
}
