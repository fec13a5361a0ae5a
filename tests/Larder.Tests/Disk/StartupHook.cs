// The runtime looks for this name outside of any namespace.
#pragma warning disable CA1050, IDE0130
internal static class StartupHook
#pragma warning restore CA1050, IDE0130
{
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(Larder.Tests.Wasm.Runtime.GuardChild.Variable) is not null)
        {
            Larder.Tests.Wasm.Runtime.GuardChild.Work();
        }
        else if (Environment.GetEnvironmentVariable(Larder.Tests.Oci.Layers.LayerChild.Variable) is not null)
        {
            Larder.Tests.Oci.Layers.LayerChild.Run();
        }
        else if (Environment.GetEnvironmentVariable(Larder.Tests.Indexer.State.IndexChild.Variable) is not null)
        {
            Larder.Tests.Indexer.State.IndexChild.Run();
        }
        else
        {
            Larder.Tests.Disk.DiskChild.Run();
        }
    }
}
