using System.Buffers;
using System.CommandLine;
using System.CommandLine.Parsing;
using Larder.Cache.Disk;
using Larder.Cli.Output;
using Larder.Cli.Stores;

namespace Larder.Cli.Commands;

/// <summary><c>larder ls</c>: lists what is stored, page by page.</summary>
internal static class ListCommand
{
    private static readonly SearchValues<char> HexadecimalDigits = SearchValues.Create("0123456789abcdef");

    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("ls", "List what is stored.")
        {
            Examples =
            [
                ("larder ls", "the first hundred entries, by name"),
                ("larder ls --kind ccache --sort size --reverse --limit 10", "the ten largest of one kind"),
                ("larder ls --unused 30d --sort used", "what nobody asked for in a month, the oldest first"),
                ("larder ls --limit 100 --skip 100", "the second page"),
            ],
        };
        var prefix = new Argument<string?>("prefix")
        {
            Description = "Only fingerprints that begin with these digits, or KIND/DIGITS.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var kind = new Option<string?>("--kind", "-k") { Description = "Only this kind.", HelpName = "KIND" };
        var minBytes = new Option<long>("--min-size")
        {
            Description = "Only payloads of at least this length, such as 64MiB.",
            HelpName = "BYTES",
            CustomParser = Quantities.ParseBytes,
        };
        var unused = new Option<TimeSpan?>("--unused")
        {
            Description = "Only what was not used for so long, such as 90s, 12h or 30d.",
            HelpName = "TIME",
            CustomParser = static result => Quantities.ParseTime(result),
        };
        var sort = new Option<DiskOrder>("--sort")
        {
            Description = "The order: name, size or used.",
            HelpName = "ORDER",
            CustomParser = ParseOrder,
        };
        sort.CompletionSources.Add("name", "size", "used");
        var reverse = new Option<bool>("--reverse", "-r") { Description = "Turn the order round." };
        var limit = new Option<int>("--limit")
        {
            Description = "Most entries to list.",
            HelpName = "NUMBER",
            DefaultValueFactory = static _ => 100,
            CustomParser = static result => (int)Quantities.ParseCount(result, 1, 100_000),
        };
        var skip = new Option<int>("--skip")
        {
            Description = "Entries to pass over before the first.",
            HelpName = "NUMBER",
            CustomParser = static result => (int)Quantities.ParseCount(result, 0, int.MaxValue / 2),
        };
        command.Arguments.Add(prefix);
        foreach (var option in (Option[])[kind, minBytes, unused, sort, reverse, limit, skip])
        {
            command.Options.Add(option);
        }

        var target = TargetOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var json = target.Json(parsed);
            var (ofKind, digits) = Split(parsed.GetValue(prefix), parsed.GetValue(kind));
            var filter = new DiskFilter
            {
                Kind = ofKind is null ? null : NameOptions.ParseKind(ofKind),
                Prefix = digits,
                MinBytes = parsed.GetValue(minBytes),
            };
            var query = new ListQuery(
                filter,
                parsed.GetValue(unused),
                parsed.GetValue(sort),
                parsed.GetValue(reverse),
                parsed.GetValue(skip),
                parsed.GetValue(limit));
            var store = await target.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            await using (store.ConfigureAwait(false))
            {
                var page = await store.ListAsync(query, cancellationToken).ConfigureAwait(false);
                Write(terminal, store, query, page, json);
                return ExitCodes.Ok;
            }
        });
        return command;
    }

    private static DiskOrder ParseOrder(ArgumentResult result)
    {
        if (!Enum.TryParse<DiskOrder>(result.Tokens[0].Value, ignoreCase: true, out var order) || !Enum.IsDefined(order))
        {
            result.AddError($"'{result.Tokens[0].Value}' is not an order; write name, size or used");
        }

        return order;
    }

    private static (string? Kind, string Digits) Split(string? prefix, string? kind)
    {
        if (prefix is null)
        {
            return (kind, string.Empty);
        }

        var slash = prefix.IndexOf('/', StringComparison.Ordinal);
        var digits = prefix[(slash + 1)..].ToLowerInvariant();
        if (digits.Length > 64 || digits.AsSpan().ContainsAnyExcept(HexadecimalDigits))
        {
            throw CommandException.Usage($"'{digits}' is not the beginning of a fingerprint, which has 64 hexadecimal digits.");
        }

        return (slash > 0 ? prefix[..slash] : kind, digits);
    }

    private static void Write(Terminal terminal, IArtifactStore store, ListQuery query, ListPage page, bool json)
    {
        if (json)
        {
            CliJson.Write(terminal, page, CliJson.Default.ListPage);
            return;
        }

        if (page.Entries.Count == 0)
        {
            // Nothing on standard output: a program that counts lines sees none.
            terminal.Remark(page.Matching == 0
                ? $"Nothing in {store.Description} matches."
                : $"All {Format.Count(page.Matching)} entries that match come before this page.");
            return;
        }

        var columns = new Columns("KIND", "FINGERPRINT", ">SIZE", "USED");
        foreach (var entry in page.Entries)
        {
            columns.Add(
                entry.Kind,
                entry.Fingerprint.ToString(),
                Format.Bytes(entry.Bytes),
                entry.UsedAt is { } used ? Format.Moment(used) : "–");
        }

        columns.Write(terminal);
        var end = query.Skip + page.Entries.Count;
        if (end < page.Matching)
        {
            terminal.Remark(
                $"{Format.Count(query.Skip + 1)} to {Format.Count(end)} of {Format.Count(page.Matching)}; "
                + $"go on with --skip {end}.");
        }
    }
}
