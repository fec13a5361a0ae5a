namespace Larder.Tests.Oci.Support;

/// <summary>How a <see cref="TarBuilder"/> writes what does not fit into a plain header.</summary>
public enum TarDialect
{
    /// <summary>Extended headers of type <c>x</c>.</summary>
    Pax,

    /// <summary>Entries of type <c>L</c> and <c>K</c> for long names, base-256 numbers.</summary>
    Gnu,

    /// <summary>The prefix field for long names; nothing else.</summary>
    Ustar,

    /// <summary>The oldest form: no magic, no prefix; nothing that does not fit.</summary>
    V7,
}
