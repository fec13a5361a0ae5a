using System.CommandLine;
using Larder.Cache.Fingerprints;
using Larder.Cli.Output;
using Larder.Cli.Stores;

namespace Larder.Cli.Commands;

/// <summary><c>larder explain</c>: says why a recipe finds nothing.</summary>
internal static class ExplainCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand(
            "explain", "Say in which components a recipe differs from the nearest one that was seen before.")
        {
            Examples =
            [
                ("larder explain --kind handler --component source:file=app.js --component compiler=2.2", "out of components"),
                ("larder explain --recipe recipe.json", "out of a file"),
                ("build-tool --print-recipe | larder explain --recipe - --json", "for a program"),
            ],
        };
        var names = NameOptions.AddTo(command, terminal);
        var target = TargetOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var json = target.Json(parsed);
            var recipe = await names.RecipeAsync(parsed, cancellationToken).ConfigureAwait(false)
                ?? throw CommandException.Usage("Give the recipe: --recipe FILE, or --kind and --component; see 'larder explain --help'.");
            var store = await target.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            await using (store.ConfigureAwait(false))
            {
                return await RunAsync(terminal, store, recipe, json, cancellationToken).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal, IArtifactStore store, Recipe recipe, bool json, CancellationToken cancellationToken)
    {
        var explanation = await store.ExplainAsync(recipe, cancellationToken).ConfigureAwait(false);
        if (json)
        {
            CliJson.Write(terminal, explanation, CliJson.Default.MissExplanation);
            return ExitCodes.Ok;
        }

        terminal.Say(recipe.Key.ToString());
        terminal.Say(explanation.ToString());
        if (explanation.Differences.Length > 0)
        {
            terminal.Say();
            var columns = new Columns("COMPONENT", "BEFORE", "NOW");
            foreach (var difference in explanation.Differences)
            {
                columns.Add(difference.Name, difference.Before ?? "(absent)", difference.After ?? "(absent)");
            }

            columns.Write(terminal);
            terminal.Say();
            terminal.Say(
                $"{Format.Count(explanation.EqualComponents, "part is", "parts are")} equal; compared with "
                + $"{Format.Count(explanation.Compared, "recipe", "recipes")}.");
        }

        return ExitCodes.Ok;
    }
}
