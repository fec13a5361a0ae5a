namespace Larder.Cache.Fingerprints;

/// <summary>
/// What the bytes of a <see cref="RecipeValue"/> mean. The number is part of the encoding: the text <c>1</c>, the
/// number 1 and the byte 1 are three different values.
/// </summary>
public enum RecipeValueType : byte
{
    /// <summary>Bytes as they are.</summary>
    Bytes = 1,

    /// <summary>Text, as UTF-8, compared byte by byte and never normalised.</summary>
    Text = 2,

    /// <summary>A signed 64-bit number.</summary>
    Integer = 3,

    /// <summary>True or false.</summary>
    Boolean = 4,

    /// <summary>A fingerprint or a content digest.</summary>
    Fingerprint = 5,

    /// <summary>Values whose order matters, such as arguments of a command.</summary>
    List = 6,

    /// <summary>Values whose order does not matter, each at most once, such as features that are on.</summary>
    Set = 7,
}
