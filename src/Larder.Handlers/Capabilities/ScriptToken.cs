namespace Larder.Handlers.Capabilities;

/// <summary>A token of JavaScript, as far as it matters for finding out what a handler needs.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Text">Of a name or punctuator the text, of a string or template its value.</param>
internal readonly record struct ScriptToken(ScriptTokenKind Kind, string Text)
{
    /// <summary>Whether it is that punctuator, or that name.</summary>
    public bool Is(string text) => Kind is ScriptTokenKind.Punctuator or ScriptTokenKind.Name && Text == text;
}
