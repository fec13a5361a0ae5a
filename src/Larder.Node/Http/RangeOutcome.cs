namespace Larder.Node.Http;

/// <summary>What a <c>Range</c> header asks for.</summary>
internal enum RangeOutcome : byte
{
    /// <summary>Everything: 200.</summary>
    Whole,

    /// <summary>One run of bytes: 206.</summary>
    Partial,

    /// <summary>Bytes past the end: 416.</summary>
    Unsatisfiable,
}
