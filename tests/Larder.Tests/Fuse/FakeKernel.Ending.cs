using Larder.Fuse.Serving;

namespace Larder.Tests.Fuse;

internal sealed partial class FakeKernel
{
    private static async ValueTask EndAsync(FuseSession session)
    {
        await session.Ended.WaitAsync(Patience);
        await session.DisposeAsync();
    }
}
