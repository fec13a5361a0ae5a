using System.Text;
using Larder.Cache.Fingerprints;
using Larder.Handlers.Contract;
using Larder.Handlers.Engine;

namespace Larder.Handlers.Compilation;

/// <summary>
/// A handler's bytecode, verified, with what leads from the engine's errors to the handler's own source. Immutable but for
/// what it remembers of its use; thread safe.
/// </summary>
internal sealed class CompiledHandler
{
    // What the object costs besides its file, by estimate.
    private const int OverheadBytes = 512;

    private readonly ReadOnlyMemory<byte> _map;
    private readonly ReadOnlyMemory<byte>? _text;
    private SourceMap? _decodedMap;
    private string? _source;

    /// <summary>Wraps a verified file.</summary>
    public CompiledHandler(
        ReadOnlyMemory<byte> artifact,
        Fingerprint checksum,
        Fingerprint sourceDigest,
        ReadOnlyMemory<byte> bytecode,
        ReadOnlyMemory<byte> map,
        ReadOnlyMemory<byte>? text)
    {
        Artifact = artifact;
        Checksum = checksum;
        SourceDigest = sourceDigest;
        Bytecode = bytecode;
        _map = map;
        _text = text;
    }

    /// <summary>The whole file, <c>.qjsc</c>.</summary>
    public ReadOnlyMemory<byte> Artifact { get; }

    /// <summary>The file's own checksum: equal for equal files, and so a name for the handler's images.</summary>
    public Fingerprint Checksum { get; }

    /// <summary>SHA-256 of the source as UTF-8.</summary>
    public Fingerprint SourceDigest { get; }

    /// <summary>What the engine loads: a script whose value is the handler, an async function without parameters.</summary>
    public ReadOnlyMemory<byte> Bytecode { get; }

    /// <summary>Bytes that it takes in memory, with the source as a string, which it mostly comes to hold.</summary>
    public long WeightBytes => Artifact.Length + (2L * (_text?.Length ?? 0)) + OverheadBytes;

    /// <summary>Where it came from when it came into memory.</summary>
    public HandlerOrigin FirstOrigin { get; init; } = HandlerOrigin.Given;

    /// <summary>Time that the compiler took; null when it came from a cache or a caller.</summary>
    public TimeSpan? CompilationTime { get; init; }

    /// <summary>Lookups that found it in memory; a hint, for the warm set.</summary>
    public int Uses { get; private set; }

    /// <summary>The map of its source.</summary>
    public SourceMap Map
    {
        get
        {
            if (_decodedMap is null)
            {
                // The checksum held, so a map that cannot be read was written wrong; one line at the start is always right.
                _decodedMap = SourceMap.TryDecode(_map.Span, out var map) ? map : SourceMap.Of("");
            }

            return _decodedMap;
        }
    }

    /// <summary>The handler's source; null when neither the file nor anybody else has it.</summary>
    public string? Source => _source ??= _text is { } text ? Encoding.UTF8.GetString(text.Span) : null;

    /// <summary>Lends the source that a caller has at hand, for snippets and <see cref="IsLent"/>.</summary>
    /// <param name="source">The very source that this was made from.</param>
    public void Lend(string source) => _source = source;

    /// <summary>Whether this very string was lent last.</summary>
    public bool IsLent(string source) => ReferenceEquals(_source, source);

    /// <summary>Counts a use. Concurrent ones may count as one.</summary>
    public void CountUse() => Uses++;

    /// <summary>The engine's text of a stack in places of the source.</summary>
    public HandlerStack StackOf(string stack) => HandlerStack.Parse(stack, Map);

    /// <summary>The lines around a place of the source; null when the source is not known.</summary>
    public SourceSnippet? SnippetAt(SourceLocation location) => Source is { } source ? Map.Snippet(source, location.Line) : null;
}
