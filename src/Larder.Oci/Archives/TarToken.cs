namespace Larder.Oci.Archives;

/// <summary>What <see cref="TarReader.Read"/> has come to.</summary>
internal enum TarToken
{
    /// <summary>The input is used up.</summary>
    NeedsInput,

    /// <summary>An entry begins; <see cref="TarReader.Entry"/> describes it until the next one.</summary>
    Entry,

    /// <summary>Bytes of the entry's file.</summary>
    Data,

    /// <summary>The entry is complete.</summary>
    EntryEnd,
}
