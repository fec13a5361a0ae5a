namespace Larder.Oci.Compression;

/// <summary>Why <see cref="Inflater.Run"/> came back.</summary>
internal enum InflateStatus
{
    /// <summary>The input is used up but for a rest that only more input makes sense of.</summary>
    NeedsInput,

    /// <summary>The chunk of output is full.</summary>
    OutputFull,

    /// <summary>A block ended and another one follows.</summary>
    BlockEnd,

    /// <summary>The last block ended; the input stands at the next whole byte.</summary>
    StreamEnd,
}
