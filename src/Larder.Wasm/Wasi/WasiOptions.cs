using System.Collections.Immutable;

namespace Larder.Wasm.Wasi;

/// <summary>
/// What a guest is granted. The default is nothing: no arguments, an empty environment, no files, an input that is at its
/// end, outputs that go nowhere, a clock of its own that does not know the time, and no randomness.
/// </summary>
public sealed record WasiOptions
{
    /// <summary>The arguments; the first is by custom the program's name. None may contain a NUL.</summary>
    public ImmutableArray<string> Arguments { get; init; } = [];

    /// <summary>The environment, in the order the guest sees. Names must not be empty or contain <c>=</c> or a NUL.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>Standard input, not disposed by the host; null for one that is at its end.</summary>
    public Stream? Input { get; init; }

    /// <summary>Standard output, not disposed by the host; null throws away what is written.</summary>
    public Stream? Output { get; init; }

    /// <summary>Standard error, not disposed by the host; null throws away what is written.</summary>
    public Stream? Error { get; init; }

    /// <summary>Whether the guest is told that its standard streams are a terminal, which makes most write line by line.</summary>
    public bool StreamsAreTerminal { get; init; }

    /// <summary>
    /// The clock. Null gives every host a <see cref="DeterministicClock"/> of its own, <see cref="TimeProvider.System"/>
    /// the real time.
    /// </summary>
    public TimeProvider? Clock { get; init; }

    /// <summary>The source of random bytes; null refuses them.</summary>
    public WasiRandomness? Randomness { get; init; }

    /// <summary>The directories, which become descriptors 3, 4 and so on.</summary>
    public ImmutableArray<WasiDirectory> Directories { get; init; } = [];

    /// <summary>Most descriptors that are open at a time, the standard streams and directories included. Default 1,024.</summary>
    public int MaximumDescriptors { get; init; } = 1024;

    /// <summary>No file grows beyond this many bytes by the guest's doing. Default 4 GiB.</summary>
    public long MaximumFileBytes { get; init; } = 1L << 32;
}
