namespace Larder.Handlers.Capabilities;

/// <summary>Kinds of <see cref="ScriptToken"/>.</summary>
internal enum ScriptTokenKind
{
    /// <summary>What is before the first token and behind the last one.</summary>
    None,

    /// <summary>An identifier or a keyword.</summary>
    Name,

    /// <summary>An operator, a bracket, a comma.</summary>
    Punctuator,

    /// <summary>A string, or a template without substitutions.</summary>
    Text,

    /// <summary>The beginning of a template with substitutions, whose tokens follow.</summary>
    Template,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A regular expression.</summary>
    RegularExpression,
}
