using System.Security.Cryptography;
using Larder.Handlers;
using Larder.Handlers.Engine;

namespace Larder.Tests.Handlers.Engine;

public sealed class EngineModuleTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("larder-engine-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void The_engine_beside_the_program_is_the_known_build()
    {
        var module = TestEngine.Require();

        Assert.Equal(EngineModule.KnownDigest, module.Digest);
        Assert.Equal(EngineModule.KnownDigest, Convert.ToHexStringLower(SHA256.HashData(module.Bytes.Span)));
    }

    [Fact]
    public void A_missing_engine_is_one_sentence_that_says_what_to_run()
    {
        var path = Path.Combine(_directory, "none.wasm");

        var exception = Assert.Throws<HandlersException>(() => EngineModule.Find(path));

        Assert.Equal(HandlersErrorKind.EngineUnavailable, exception.Kind);
        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
        Assert.Contains("Engine/module/fetch.sh", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_build_is_refused_unless_it_is_named()
    {
        var path = Path.Combine(_directory, "other.wasm");
        File.WriteAllBytes(path, [0, 97, 115, 109, 1, 0, 0, 0]);
        var digest = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));

        var exception = Assert.Throws<HandlersException>(() => EngineModule.Find(path));
        var named = EngineModule.Find(path, digest.ToUpperInvariant());

        Assert.Equal(HandlersErrorKind.EngineUnavailable, exception.Kind);
        Assert.Contains(digest, exception.Message, StringComparison.Ordinal);
        Assert.Equal(digest, named.Digest);
    }

    [Fact]
    public void A_directory_in_place_of_the_engine_is_an_error_of_ours()
    {
        var exception = Assert.Throws<HandlersException>(() => EngineModule.Find(_directory));

        Assert.Equal(HandlersErrorKind.EngineUnavailable, exception.Kind);
    }
}
