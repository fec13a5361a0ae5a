using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Larder.Cli.Commands;
using Larder.Indexer.Blocks;
using Larder.Node.Configuration;
using Larder.Node.Indexing;
using Larder.Node.Security;

namespace Larder.Cli.Indexing;

/// <summary>The options of <c>larder index run</c>.</summary>
internal sealed class IndexRunOptions
{
    private readonly Terminal _terminal;

    private readonly Argument<string[]> _blocks = new("blocks")
    {
        Description = "Files of blocks, raw or hex; one directory of such files or of a node's blk*.dat; or - for standard input.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string> _directory = IndexDirectoryOption.Create();
    private readonly Option<string?> _module = Text("--module", "The module. Needed once: the directory keeps it.", "FILE");
    private readonly Option<string?> _rpc = Text("--rpc", "The JSON-RPC of a node to follow, such as http://127.0.0.1:8332.", "URL");
    private readonly Option<string?> _user = Text("--rpc-user", "Name to log in with at the node.", "NAME");
    private readonly Option<string?> _password = Text("--rpc-password", "Password to log in with; better in the environment's LARDER_RPC_PASSWORD. Never kept.", "PASSWORD");
    private readonly Option<string?> _cookie = Text("--rpc-cookie", "The node's cookie file, in place of name and password.", "FILE");
    private readonly Option<uint?> _start = new("--start-height") { Description = "Height of the first block. Default: from the names of files, or 0.", HelpName = "HEIGHT" };
    private readonly Option<uint?> _stop = new("--stop-height") { Description = "Height of the last block.", HelpName = "HEIGHT" };
    private readonly Option<bool> _once = new("--once") { Description = "End at the node's last block in place of waiting for the next." };
    private readonly Option<bool> _linked = new("--linked") { Description = "Refuse blocks of files that do not follow one another. Those of a node always must." };
    private readonly Option<TimeSpan?> _poll = new("--poll") { Description = "How often to look for new blocks. Default: 5s.", HelpName = "TIME", CustomParser = static result => Quantities.ParseTime(result) };
    private readonly Option<uint?> _depth = new("--max-reorg") { Description = "Blocks that a reorganisation may take back. Default: 100.", HelpName = "BLOCKS" };

    private readonly Option<BlockFormat?> _format = Words<BlockFormat>("--format", "bitcoin: every byte has its place; verified: and the transactions are those of the header; opaque: any bytes. Default: bitcoin.");
    private readonly Option<BlockEncoding?> _encoding = Words<BlockEncoding>("--encoding", "auto, hex or raw. Standard input is hex lines, or raw: each block after its length, 4 bytes little endian.");
    private readonly Option<long?> _longest = Bytes("--max-block", "Longest block. Default: 32MiB.");

    private readonly Option<long?> _cache = Bytes("--cache-size", "Memory of the read cache; 0 for none. No result depends on it. Default: 1GiB.");
    private readonly Option<uint?> _pages = new("--max-pages") { Description = "Pages of 64 KiB at which the guest's memory ends. Default: what the module says.", HelpName = "PAGES" };
    private readonly Option<uint?> _initial = new("--initial-pages") { Description = "Pages that the guest begins with. Default: what the module says.", HelpName = "PAGES" };
    private readonly Option<uint?> _preallocate = new("--preallocate") { Description = "Pages set aside before the guest's heap; 16384 are 1 GiB. Default: 0.", HelpName = "PAGES" };
    private readonly Option<int?> _heap = new("--heap-base") { Description = "Index of the global with the heap's address, for modules that do not name it.", HelpName = "GLOBAL" };
    private readonly Option<long?> _fuel = new("--fuel") { Description = "Fuel of a block, about one for each instruction.", HelpName = "FUEL" };
    private readonly Option<long?> _viewFuel = new("--view-fuel") { Description = "Fuel of a view.", HelpName = "FUEL" };

    private readonly Option<KeyValuePair<string, string>[]> _prefixes = new("--prefix-root")
    {
        Description = "Keys that have a root of their own, such as balances:0x62616c; repeat it.",
        HelpName = "NAME:0xHEX",
        CustomParser = ParsePrefixes,
    };

    private readonly Option<int?> _keep = new("--keep") { Description = "Blocks whose state stays readable and can be rolled back to. Default: all.", HelpName = "BLOCKS" };

    private readonly Option<int?> _durability = new("--durability")
    {
        Description = "What a loss of power may lose: block (nothing), a number of blocks, or close (what was not closed). Default: block.",
        HelpName = "WORD",
        CustomParser = ParseDurability,
    };

    private readonly Option<IPEndPoint?> _listen = new("--listen")
    {
        Description = "Answer JSON-RPC there while it runs; with blocks from files, until Ctrl+C. Any address but loopback needs a token.",
        HelpName = "HOST:PORT",
        CustomParser = ParseEndpoint,
    };

    private readonly Option<string?> _token = Text("--token", "What --listen wants to be shown; better in the environment's LARDER_TOKEN.", "TOKEN");
    private readonly Option<bool> _memoryDigest = new("--memory-digest") { Description = "Digest the guest's memory after every block, to compare machines by." };
    private readonly Option<bool> _log = new("--guest-log") { Description = "Print what the module logs to standard error." };
    private readonly Option<bool> _report = new("--cache-report")
    {
        Description = "At the end, show what the read cache held and which prefixes of keys were looked up. Lookups take longer meanwhile.",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print a line of JSON for each block and at the end." };

    private IndexRunOptions(Command command, Terminal terminal)
    {
        _terminal = terminal;
        command.Arguments.Add(_blocks);
        foreach (var option in (Option[])
            [
                _directory, _module, _rpc, _user, _password, _cookie, _start, _stop, _once, _linked, _poll, _depth, _format, _encoding, _longest, _cache, _memoryDigest,
                _pages, _initial, _preallocate, _heap, _fuel, _viewFuel, _prefixes, _keep, _durability, _listen, _token, _log, _report, _json,
            ])
        {
            command.Options.Add(option);
        }
    }

    public static IndexRunOptions AddTo(Command command, Terminal terminal) => new(command, terminal);

    /// <summary>Reads the command line and opens the directory, or makes it.</summary>
    /// <exception cref="CommandException">The command line contradicts itself.</exception>
    public IndexRunRequest Read(ParseResult parsed)
    {
        var blocks = parsed.GetValue(_blocks) ?? [];
        var isInput = blocks is ["-"];
        string? password = null;
        IndexSource? source = null;
        if (parsed.GetValue(_rpc) is { } rpc)
        {
            if (blocks.Length > 0)
            {
                throw CommandException.Usage("Blocks come from --rpc or from files, not from both.");
            }

            source = IndexSource.Parse(rpc, out password);
            if (source.Node is null)
            {
                throw CommandException.Usage($"'{rpc}' is no URL of a node; write --rpc http://HOST:PORT.");
            }
        }
        else if (blocks.Contains("-") && !isInput)
        {
            throw CommandException.Usage("Standard input (-) is read alone, not beside files.");
        }
        else if (blocks.Length > 0 && !isInput)
        {
            source = new IndexSource { Paths = [.. blocks.Select(Path.GetFullPath)] };
        }

        var directory = IndexDirectory.Create(parsed.GetRequiredValue(_directory), parsed.GetValue(_module), before => Change(parsed, before, source, isInput));
        return new IndexRunRequest
        {
            Directory = directory,
            IsInput = isInput,
            Password = parsed.GetValue(_password) ?? password ?? _terminal.Variable("LARDER_RPC_PASSWORD"),
            StartHeight = parsed.GetValue(_start) ?? (isInput ? null : directory.Settings.Source?.StartHeight),
            StopHeight = parsed.GetValue(_stop),
            Follows = !parsed.GetValue(_once),
            IsLinked = parsed.GetValue(_linked) || directory.Settings.Source is { IsLinked: true },
            Poll = parsed.GetValue(_poll) ?? TimeSpan.FromSeconds(5),
            MaxReorganisation = parsed.GetValue(_depth) ?? 100,
            Listen = parsed.GetValue(_listen),
            Tokens = Tokens(parsed),
            IsLogged = parsed.GetValue(_log),
            ReportsCache = parsed.GetValue(_report),
            IsJson = parsed.GetValue(_json),
        };
    }

    private IndexSettings Change(ParseResult parsed, IndexSettings before, IndexSource? source, bool isInput)
    {
        var defaults = new IndexSettings();
        var kept = source ?? (isInput ? null : before.Source);
        if (kept is not null)
        {
            kept = kept with
            {
                User = parsed.GetValue(_user) ?? kept.User,
                CookieFile = parsed.GetValue(_cookie) is { } cookie ? Path.GetFullPath(cookie) : kept.CookieFile,
                StartHeight = parsed.GetValue(_start) ?? kept.StartHeight,
                IsLinked = parsed.GetValue(_linked) || kept.IsLinked,
            };
        }

        return before with
        {
            InitialPages = parsed.GetValue(_initial) ?? before.InitialPages,
            MaximumPages = parsed.GetValue(_pages) ?? before.MaximumPages,
            PreallocatedPages = parsed.GetValue(_preallocate) ?? before.PreallocatedPages,
            HeapBaseGlobal = parsed.GetValue(_heap) ?? before.HeapBaseGlobal,
            BlockFuel = parsed.GetValue(_fuel) ?? before.BlockFuel,
            ViewFuel = parsed.GetValue(_viewFuel) ?? before.ViewFuel,
            PrefixRoots = parsed.GetValue(_prefixes) is { Length: > 0 } prefixes
                ? ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, prefixes)
                : before.PrefixRoots,
            CacheBytes = parsed.GetValue(_cache) ?? before.CacheBytes,
            MemoryDigest = parsed.GetValue(_memoryDigest) || before.MemoryDigest,
            KeptBlocks = parsed.GetValue(_keep) ?? before.KeptBlocks,
            DurableBlocks = parsed.GetValue(_durability) ?? before.DurableBlocks,
            Format = parsed.GetValue(_format) ?? before.Format,
            Encoding = parsed.GetValue(_encoding) ?? before.Encoding,
            MaxBlockBytes = parsed.GetValue(_longest) is { } longest
                ? longest is > 0 and <= int.MaxValue ? (int)longest : throw CommandException.Usage("--max-block is from 1 byte to 1 GiB.")
                : before.MaxBlockBytes == 0 ? defaults.MaxBlockBytes : before.MaxBlockBytes,
            Source = isInput ? before.Source : kept,
        };
    }

    private ImmutableArray<AccessToken> Tokens(ParseResult parsed)
    {
        if ((parsed.GetValue(_token) ?? (parsed.GetValue(_listen) is null ? null : _terminal.Variable("LARDER_TOKEN"))) is not { } text)
        {
            return [];
        }

        return AccessToken.TryParse(text, out var token, out var error) ? [token] : throw CommandException.Usage(error);
    }

    private static Option<string?> Text(string name, string description, string form) => new(name) { Description = description, HelpName = form };

    private static Option<long?> Bytes(string name, string description) =>
        new(name) { Description = description, HelpName = "SIZE", CustomParser = static result => Quantities.ParseBytes(result) };

    private static Option<TWord?> Words<TWord>(string name, string description)
        where TWord : struct, Enum => new(name)
        {
            Description = description,
            HelpName = "WORD",
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (text.All(char.IsAsciiLetter) && Enum.TryParse<TWord>(text, ignoreCase: true, out var word))
                {
                    return word;
                }

                result.AddError($"'{text}' is not one of {string.Join(", ", Enum.GetNames<TWord>().Select(static word => word.ToLowerInvariant()))} for {name}");
                return null;
            },
        };

    private static KeyValuePair<string, string>[] ParsePrefixes(ArgumentResult result)
    {
        var prefixes = new List<KeyValuePair<string, string>>();
        foreach (var text in result.Tokens.SelectMany(static token => token.Value.Split(',')))
        {
            var colon = text.LastIndexOf(':');
            var hex = text[(colon + 1)..];
            hex = hex.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? hex[2..] : hex;
            if (colon <= 0 || hex.Length == 0 || hex.Length % 2 != 0 || !hex.All(char.IsAsciiHexDigit))
            {
                result.AddError($"'{text}' is not NAME:0xHEX, such as balances:0x62616c");
                break;
            }

            prefixes.Add(new(text[..colon], hex.ToLowerInvariant()));
        }

        return [.. prefixes.DistinctBy(static pair => pair.Key)];
    }

    private static int? ParseDurability(ArgumentResult result)
    {
        switch (result.Tokens[0].Value)
        {
            case "block":
                return 1;
            case "close":
                return 0;
            case var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var blocks) && blocks > 0:
                return blocks;
            case var text:
                result.AddError($"'{text}' is not block, close or a number of blocks");
                return null;
        }
    }

    private static IPEndPoint? ParseEndpoint(ArgumentResult result)
    {
        if (Quantity.TryParseEndpoint(result.Tokens[0].Value, out var endpoint))
        {
            return endpoint;
        }

        result.AddError($"'{result.Tokens[0].Value}' is not an address with a port, such as 127.0.0.1:8080");
        return null;
    }
}
