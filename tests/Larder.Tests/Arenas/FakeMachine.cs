using Larder.Cache.Memory;

namespace Larder.Tests.Arenas;

/// <summary>A directory that stands for the root of a machine's /proc and /sys.</summary>
internal sealed class FakeMachine : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("larder-machine-").FullName;

    public FakeMachine() => Memory = new MachineMemory(_root);

    public MachineMemory Memory { get; }

    public void Write(string path, string content)
    {
        var file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content + "\n");
    }

    public void Delete(string path) => File.Delete(Path.Combine(_root, path));

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
