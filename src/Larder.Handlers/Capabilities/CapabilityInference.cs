namespace Larder.Handlers.Capabilities;

/// <summary>
/// Finds out what a handler's source seems to need, by walking through its tokens. What it cannot know it answers with the
/// wildcard of the family; what is in comments and strings it does not see. Names that the source declares anew are taken for
/// the globals all the same: it asks for too much rather than too little.
/// </summary>
internal sealed class CapabilityInference
{
    private static readonly HashSet<string> Assignments = ["="];

    private static readonly HashSet<string> Updates =
    [
        "+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", ">>>=", "&=", "|=", "^=", "&&=", "||=", "??=", "++", "--",
    ];

    private readonly List<ScriptToken> _tokens;
    private readonly HashSet<string> _found = new(StringComparer.Ordinal);

    private CapabilityInference(List<ScriptToken> tokens) => _tokens = tokens;

    /// <summary>The capabilities of a source.</summary>
    public static CapabilitySet Infer(string source)
    {
        var inference = new CapabilityInference(ScriptTokenizer.Tokens(source));
        inference.Walk();
        return CapabilitySet.Parse(inference._found);
    }

    private void Walk()
    {
        for (var at = 0; at < _tokens.Count; at++)
        {
            if (_tokens[at].Kind != ScriptTokenKind.Name || IsProperty(at))
            {
                continue;
            }

            switch (_tokens[at].Text)
            {
                case "$state":
                    State(at);
                    break;
                case "$emit":
                    Emit(at);
                    break;
                case "$view":
                    View(at);
                    break;
                case "$ext":
                    Extension(at);
                    break;
                case "crypto":
                case "Math" when Member(at, out var member, out _) && member is null or "random":
                    _found.Add("crypto:random");
                    break;
                default:
                    break;
            }
        }
    }

    private void State(int at)
    {
        if (!Member(at, out var key, out var next))
        {
            BareState(at);
            return;
        }

        if (At(next).Is("(") && key is "get" or "has" or "set" or "delete" or "update" or "keys")
        {
            StateMethod(key, next);
            return;
        }

        // An own key, or one that is only known at run time.
        var name = key ?? "*";
        var isUpdated = Updates.Contains(At(next).Text) || At(at - 1).Is("++") || At(at - 1).Is("--");
        var isWritten = At(next).Kind == ScriptTokenKind.Punctuator && Assignments.Contains(At(next).Text);
        var isDeleted = At(at - 1).Is("delete") && !At(next).Is(".") && !At(next).Is("[");
        if (isWritten || isDeleted || isUpdated)
        {
            _found.Add("state:write:" + name);
        }

        if (!(isWritten || isDeleted) || isUpdated)
        {
            _found.Add("state:read:" + name);
        }
    }

    private void StateMethod(string method, int open)
    {
        if (method == "keys")
        {
            _found.Add("state:read:*");
            return;
        }

        var key = Argument(open) ?? "*";
        if (method is "get" or "has" or "update")
        {
            _found.Add("state:read:" + key);
        }

        if (method is "set" or "delete" or "update")
        {
            _found.Add("state:write:" + key);
        }
    }

    // The state itself, as a value.
    private void BareState(int at)
    {
        if (At(at - 1).Is("in") && At(at - 2).Kind == ScriptTokenKind.Text && !At(at - 3).Is("+"))
        {
            _found.Add("state:read:" + At(at - 2).Text);
        }
        else if (At(at - 1).Is("=") && At(at - 2).Is("}") && !At(at + 1).Is("."))
        {
            Destructured(at - 2);
        }
        else
        {
            _found.Add("state:read:*");
            var isRead = At(at - 1).Is("...") || At(at - 1).Is("in")
                || (At(at - 1).Is("(") && (At(at - 4).Is("Object") || At(at - 4).Is("JSON")) && !At(at - 2).Is("assign"));
            if (!isRead)
            {
                _found.Add("state:write:*");
            }
        }
    }

    // `{ a, b: c, ...rest } = $state`: the names in front of commas and colons at the pattern's own depth.
    private void Destructured(int close)
    {
        var depth = 0;
        var open = close;
        for (; open >= 0; open--)
        {
            depth += At(open).Is("}") || At(open).Is("]") || At(open).Is(")") ? 1 : At(open).Is("{") || At(open).Is("[") || At(open).Is("(") ? -1 : 0;
            if (depth == 0)
            {
                break;
            }
        }

        for (var at = open + 1; at < close; at++)
        {
            var token = At(at);
            depth += token.Is("}") || token.Is("]") || token.Is(")") ? -1 : token.Is("{") || token.Is("[") || token.Is("(") ? 1 : 0;
            var isFirst = at == open + 1 || At(at - 1).Is(",");
            if (depth > (token.Is("[") ? 1 : 0) || !isFirst)
            {
                continue;
            }

            _found.Add(token.Kind is ScriptTokenKind.Name or ScriptTokenKind.Text ? "state:read:" + token.Text : "state:read:*");
        }
    }

    private void Emit(int at)
    {
        if (At(at + 1).Is("("))
        {
            _found.Add("events:emit:" + (Argument(at + 1) ?? "*"));
        }
        else
        {
            _found.Add("events:emit:" + (Member(at, out var name, out _) && name is "toast" or "modal" or "navigate" ? name : "*"));
        }
    }

    private void View(int at)
    {
        var component = Member(at, out _, out var next) && At(next).Is("(") ? Argument(next) : null;
        _found.Add("view:update:" + (component ?? "*"));
    }

    private void Extension(int at)
    {
        if (!Member(at, out var name, out var next))
        {
            var isTested = At(at - 1).Is("in");
            if (!isTested)
            {
                _found.Add("ext:*");
            }
        }
        else if (!(name is "exists" or "list" or "methods" && At(next).Is("(")))
        {
            _found.Add("ext:" + (name ?? "*"));
        }
    }

    // The member that is taken of the name at a place: its own name, or null when it is computed.
    private bool Member(int at, out string? name, out int next)
    {
        name = null;
        next = at + 1;
        if (At(next).Is("?.") && At(next + 1).Is("["))
        {
            next++;
        }

        if ((At(next).Is(".") || At(next).Is("?.")) && At(next + 1).Kind == ScriptTokenKind.Name)
        {
            name = At(next + 1).Text;
            next += 2;
            return true;
        }

        if (!At(next).Is("["))
        {
            return false;
        }

        var close = Closing(next);
        if (close == next + 2 && At(next + 1).Kind == ScriptTokenKind.Text)
        {
            name = NonEmpty(At(next + 1).Text);
        }

        next = close + 1;
        return true;
    }

    // The first argument, when it is a string and nothing but one.
    private string? Argument(int open) =>
        At(open + 1).Kind == ScriptTokenKind.Text && (At(open + 2).Is(",") || At(open + 2).Is(")")) ? NonEmpty(At(open + 1).Text) : null;

    private static string? NonEmpty(string text) => text.Length == 0 ? null : text;

    private int Closing(int open)
    {
        var depth = 0;
        for (var at = open; at < _tokens.Count; at++)
        {
            depth += At(at).Is("[") ? 1 : At(at).Is("]") ? -1 : 0;
            if (depth == 0)
            {
                return at;
            }
        }

        return _tokens.Count;
    }

    private bool IsProperty(int at) =>
        ((At(at - 1).Is(".") || At(at - 1).Is("?.")) && !At(at - 2).Is("globalThis"))
        || (At(at + 1).Is(":") && (At(at - 1).Is("{") || At(at - 1).Is(",")));

    private ScriptToken At(int index) => index >= 0 && index < _tokens.Count ? _tokens[index] : default;
}
