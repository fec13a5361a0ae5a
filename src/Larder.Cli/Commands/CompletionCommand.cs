using System.CommandLine;

namespace Larder.Cli.Commands;

/// <summary><c>larder completion</c>: prints the script that makes a shell complete larder's command lines.</summary>
internal static class CompletionCommand
{
    // Each script hands the line and the cursor to the command's [suggest] directive and offers what comes back.
    private const string Bash =
        """
        _larder() {
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _larder larder
        """;

    private const string Zsh =
        """
        #compdef larder
        _larder() {
          local -a offers
          offers=("${(@f)$("${words[1]}" "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
          if (( ${#offers} )) && [[ -n ${offers[1]} ]]; then compadd -- "${offers[@]}"; else _files; fi
        }
        compdef _larder larder
        """;

    private const string Fish =
        """
        function __larder_complete
          set -l line (commandline -cp)
          larder "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c larder -a '(__larder_complete)'
        """;

    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish." };
        shell.CompletionSources.Add("bash", "zsh", "fish");
        shell.Validators.Add(static result =>
        {
            if (result.Tokens is [{ Value: not ("bash" or "zsh" or "fish") } other])
            {
                result.AddError($"'{other.Value}' is not a shell that larder knows; write bash, zsh or fish");
            }
        });
        var command = new DocumentedCommand("completion", "Print a script that makes a shell complete larder's commands and options.")
        {
            Examples =
            [
                ("source <(larder completion bash)", "for this bash; put it into ~/.bashrc for every one"),
                ("larder completion zsh > \"${fpath[1]}/_larder\"", "for every zsh"),
                ("larder completion fish > ~/.config/fish/completions/larder.fish", "for every fish"),
            ],
        };
        command.Add(shell);
        command.SetAction(parsed =>
        {
            terminal.Say(parsed.GetRequiredValue(shell) switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                _ => Fish,
            });
            return ExitCodes.Ok;
        });
        return command;
    }
}
