using System.Security.Cryptography;

namespace Larder.Handlers.Engine;

/// <summary>
/// The JavaScript engine as a WebAssembly module: QuickJS, from the npm package <c>quickjs-wasi</c>, which is fetched and
/// never part of this project. One build is known by its digest; every other one is refused unless it is named.
/// </summary>
public sealed class EngineModule
{
    /// <summary>The environment variable that may hold the module's path.</summary>
    public const string PathVariable = "LARDER_QUICKJS";

    /// <summary>Where the module lies beside the program.</summary>
    public const string RelativePath = "engines/quickjs.wasm";

    /// <summary>SHA-256 of the build that Larder is tested with, quickjs-wasi 3.6.2, in lower-case hex.</summary>
    public const string KnownDigest = "d4c9375f2b1ca4dc95f72c8aa2982a7a9951ac8011490d79c6582df732b4bbd9";

    private const int MaxBytes = 64 * 1024 * 1024;

    private const string HowToGetIt =
        "get it with npm: './larder' and './test' do so, or run src/Larder.Handlers/Engine/module/fetch.sh and build again";

    private EngineModule(string path, string digest, byte[] bytes)
    {
        Path = path;
        Digest = digest;
        Bytes = bytes;
    }

    /// <summary>The file that it was read from.</summary>
    public string Path { get; }

    /// <summary>SHA-256 of the bytes, in lower-case hex.</summary>
    public string Digest { get; }

    /// <summary>The module.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>
    /// Finds and reads the module: at <paramref name="path"/>, else where <see cref="PathVariable"/> says, else at
    /// <see cref="RelativePath"/> beside the program.
    /// </summary>
    /// <param name="path">Where it lies; null to look for it.</param>
    /// <param name="digest">The SHA-256 that is accepted, in hex; null for <see cref="KnownDigest"/>.</param>
    /// <exception cref="HandlersException">
    /// It is not there, cannot be read, or is another build (<see cref="HandlersErrorKind.EngineUnavailable"/>).
    /// </exception>
    public static EngineModule Find(string? path = null, string? digest = null)
    {
        var (found, source) = Locate(path);
        byte[] bytes;
        try
        {
            using var file = File.OpenHandle(found);
            var length = RandomAccess.GetLength(file);
            if (length > MaxBytes)
            {
                throw Unavailable($"{found} is no JavaScript engine: it has {length} bytes; {HowToGetIt}.");
            }

            bytes = new byte[length];
            if (RandomAccess.Read(file, bytes, 0) != length)
            {
                throw Unavailable($"{found} changed while it was read.");
            }
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Unavailable($"The JavaScript engine that handlers run on is not at {found}{source}; {HowToGetIt}.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unavailable($"The JavaScript engine {found}{source} cannot be read: {exception.Message}", exception);
        }

        var actual = Convert.ToHexStringLower(SHA256.HashData(bytes));
        var expected = digest?.Trim() ?? KnownDigest;
        return string.Equals(actual, expected, StringComparison.OrdinalIgnoreCase)
            ? new EngineModule(found, actual, bytes)
            : throw Unavailable(
                $"{found}{source} has the SHA-256 {actual} where {expected} is expected, so it is another engine or damaged; "
                + $"name its digest in the options if you mean it, or {HowToGetIt}.");
    }

    private static (string Path, string Source) Locate(string? path)
    {
        if (!string.IsNullOrEmpty(path))
        {
            return (path, "");
        }

        return Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } named
            ? (named, $" (from {PathVariable})")
            : (System.IO.Path.Combine(AppContext.BaseDirectory, RelativePath), "");
    }

    private static HandlersException Unavailable(string message, Exception? cause = null) =>
        new(HandlersErrorKind.EngineUnavailable, message, cause);
}
