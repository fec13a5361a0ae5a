using System.Globalization;
using System.Text;

namespace Larder.Handlers.Capabilities;

/// <summary>
/// Cuts JavaScript into tokens, without comments. It takes whatever it is given: what is no JavaScript gives some tokens
/// too. Whether a slash begins a regular expression is decided by the token before it, which is right but for a block or a
/// condition in front of one.
/// </summary>
internal static class ScriptTokenizer
{
    // Longest first where one begins another.
    private static readonly string[] Punctuators =
    [
        ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=", "<=", ">=", "&&", "||",
        "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "**",
    ];

    private static readonly HashSet<string> NamesBeforeExpressions =
    [
        "return", "typeof", "instanceof", "in", "of", "new", "delete", "void", "throw", "case", "do", "else", "yield", "await",
    ];

    /// <summary>The tokens of a source.</summary>
    public static List<ScriptToken> Tokens(string source)
    {
        var tokens = new List<ScriptToken>();

        // For every brace that is open, whether it is one of a template.
        var braces = new Stack<bool>();
        var at = 0;
        while (at < source.Length)
        {
            var character = source[at];
            if (char.IsWhiteSpace(character))
            {
                at++;
            }
            else if (TrySkipComment(source, ref at))
            {
            }
            else if (IsNameStart(character))
            {
                var start = at;
                while (at < source.Length && IsNamePart(source[at]))
                {
                    at++;
                }

                tokens.Add(new ScriptToken(ScriptTokenKind.Name, source[start..at]));
            }
            else if (char.IsAsciiDigit(character) || (character == '.' && at + 1 < source.Length && char.IsAsciiDigit(source[at + 1])))
            {
                at++;
                while (at < source.Length && (IsNamePart(source[at]) || source[at] == '.'))
                {
                    at++;
                }

                tokens.Add(new ScriptToken(ScriptTokenKind.Number, ""));
            }
            else if (character is '\'' or '"')
            {
                at++;
                tokens.Add(new ScriptToken(ScriptTokenKind.Text, Text(source, ref at, character)));
            }
            else if (character == '`' || (character == '}' && braces.Count > 0 && braces.Peek()))
            {
                Template(source, ref at, tokens, braces);
            }
            else if (character == '/' && BeginsExpression(tokens))
            {
                SkipRegularExpression(source, ref at);
                tokens.Add(new ScriptToken(ScriptTokenKind.RegularExpression, ""));
            }
            else
            {
                Punctuator(source, ref at, tokens, braces);
            }
        }

        return tokens;
    }

    private static void Punctuator(string source, ref int at, List<ScriptToken> tokens, Stack<bool> braces)
    {
        foreach (var known in Punctuators)
        {
            if (string.CompareOrdinal(source, at, known, 0, known.Length) == 0)
            {
                at += known.Length;
                tokens.Add(new ScriptToken(ScriptTokenKind.Punctuator, known));
                return;
            }
        }

        var text = source[at++].ToString();
        if (text == "{")
        {
            braces.Push(false);
        }
        else if (text == "}" && braces.Count > 0)
        {
            braces.Pop();
        }

        tokens.Add(new ScriptToken(ScriptTokenKind.Punctuator, text));
    }

    // From a backquote, or from the brace that closes a substitution, to the next one of either.
    private static void Template(string source, ref int at, List<ScriptToken> tokens, Stack<bool> braces)
    {
        var isHead = source[at++] == '`';
        if (!isHead)
        {
            braces.Pop();
        }

        var text = Text(source, ref at, '`');
        var goesOn = at >= 2 && source[at - 1] == '{' && source[at - 2] == '$';
        if (goesOn)
        {
            braces.Push(true);
        }

        if (isHead)
        {
            tokens.Add(new ScriptToken(goesOn ? ScriptTokenKind.Template : ScriptTokenKind.Text, text));
        }
        else
        {
            // What follows a substitution ends its expression.
            tokens.Add(new ScriptToken(ScriptTokenKind.Punctuator, goesOn ? "," : ")"));
        }
    }

    // Up to and behind the quote; of a template, also up to and behind what begins a substitution.
    private static string Text(string source, ref int at, char quote)
    {
        var text = new StringBuilder();
        while (at < source.Length)
        {
            var character = source[at++];
            if (character == quote || (quote != '`' && character == '\n'))
            {
                break;
            }

            if (quote == '`' && character == '$' && at < source.Length && source[at] == '{')
            {
                at++;
                break;
            }

            if (character == '\\' && at < source.Length)
            {
                Escape(source, ref at, text);
            }
            else
            {
                text.Append(character);
            }
        }

        return text.ToString();
    }

    private static void Escape(string source, ref int at, StringBuilder text)
    {
        var character = source[at++];
        switch (character)
        {
            case 'n':
                text.Append('\n');
                break;
            case 't':
                text.Append('\t');
                break;
            case 'r':
                text.Append('\r');
                break;
            case '\n':
                break;
            case 'x':
                Number(source, ref at, 2, text);
                break;
            case 'u' when at < source.Length && source[at] == '{':
                var end = source.IndexOf('}', at);
                if (end > 0 && int.TryParse(source.AsSpan(at + 1, end - at - 1), NumberStyles.HexNumber, null, out var rune) && Rune.IsValid(rune))
                {
                    text.Append(new Rune(rune));
                    at = end + 1;
                }

                break;
            case 'u':
                Number(source, ref at, 4, text);
                break;
            default:
                text.Append(character);
                break;
        }
    }

    private static void Number(string source, ref int at, int digits, StringBuilder text)
    {
        if (at + digits <= source.Length && int.TryParse(source.AsSpan(at, digits), NumberStyles.HexNumber, null, out var code))
        {
            text.Append((char)code);
            at += digits;
        }
    }

    private static bool TrySkipComment(string source, ref int at)
    {
        if (source[at] != '/' || at + 1 >= source.Length || source[at + 1] is not ('/' or '*'))
        {
            return false;
        }

        var end = source[at + 1] == '/' ? source.IndexOf('\n', at) : source.IndexOf("*/", at + 2, StringComparison.Ordinal);
        at = end < 0 ? source.Length : source[at + 1] == '/' ? end : end + 2;
        return true;
    }

    private static void SkipRegularExpression(string source, ref int at)
    {
        var isInClass = false;
        for (at++; at < source.Length && source[at] != '\n'; at++)
        {
            var character = source[at];
            if (character == '\\')
            {
                at++;
            }
            else if (character == '/' && !isInClass)
            {
                at++;
                break;
            }
            else if (character is '[' or ']')
            {
                isInClass = character == '[';
            }
        }

        while (at < source.Length && IsNamePart(source[at]))
        {
            at++;
        }
    }

    private static bool BeginsExpression(List<ScriptToken> tokens)
    {
        if (tokens.Count == 0)
        {
            return true;
        }

        var last = tokens[^1];
        return last.Kind switch
        {
            ScriptTokenKind.Name => NamesBeforeExpressions.Contains(last.Text) && !(tokens.Count > 1 && tokens[^2].Is(".")),
            ScriptTokenKind.Punctuator => last.Text is not (")" or "]" or "}" or "++" or "--"),
            _ => last.Kind == ScriptTokenKind.Template,
        };
    }

    private static bool IsNameStart(char character) => char.IsLetter(character) || character is '$' or '_' or '#' || char.IsSurrogate(character);

    private static bool IsNamePart(char character) => char.IsLetterOrDigit(character) || character is '$' or '_' || char.IsSurrogate(character);
}
