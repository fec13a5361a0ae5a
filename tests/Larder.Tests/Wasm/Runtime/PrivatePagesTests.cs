using Larder.Wasm.Runtime;

namespace Larder.Tests.Wasm.Runtime;

public sealed unsafe class PrivatePagesTests
{
    private const int Pages = 1500;

    private static readonly nuint Page = (nuint)Environment.SystemPageSize;

    public PrivatePagesTests() => Assert.SkipUnless(PrivatePages.IsAvailable, "the kernel does not say which pages are private");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300)]
    [InlineData(Pages)]
    public void Written_pages_get_the_image_again(int written)
    {
        using var image = NativeBlock.Create(Page * Pages);
        new Random(3).NextBytes(new Span<byte>(image.Address, (int)image.Length));
        using var file = SealedFile.TryCreate(image.Address, image.Length);
        var view = (byte*)Native.Map(
            0, image.Length, Native.ProtectReadWrite, Native.MapPrivate, file!.Descriptor, 0);
        var random = new Random(written);
        for (var round = 0; round < 3; round++)
        {
            for (var at = 0; at < written; at++)
            {
                view[((nuint)(written == Pages ? at : random.Next(Pages)) * Page) + (nuint)random.Next((int)Page)] ^= 0x55;
            }

            Assert.True(PrivatePages.TryRevert(view, file.Bytes, image.Length, Pages));

            Assert.True(new ReadOnlySpan<byte>(view, (int)image.Length).SequenceEqual(new(image.Address, (int)image.Length)));
        }

        Assert.Equal(written == 0, PrivatePages.TryRevert(view, file.Bytes, image.Length, 0));
        Assert.Equal(0, Native.Unmap((nint)view, image.Length));
    }
}
