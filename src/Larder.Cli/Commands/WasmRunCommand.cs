using System.CommandLine;
using System.CommandLine.Parsing;
using Larder.Cli.Wasm;
using Larder.Wasm;
using Larder.Wasm.Wasi;

namespace Larder.Cli.Commands;

/// <summary><c>larder wasm run</c>: a WASI program, or one function of a module.</summary>
internal static class WasmRunCommand
{
    private const long PageBytes = 65_536;
    private const long MostMemoryBytes = 65_536 * PageBytes;
    private const long LeastStackBytes = 16 * 1024;
    private const long MostStackBytes = 512L << 20;

    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand(
            "run", "Run a WebAssembly program with WASI. It gets the standard streams, the clock and randomness, and nothing else.")
        {
            Examples =
            [
                ("larder wasm run app.wasm -- --verbose input.txt", "a program with arguments of its own"),
                ("larder wasm run --dir . --dir /usr/share::/share:ro app.wasm", "with two directories, one of them read-only"),
                ("larder wasm run --timeout 5s --memory-limit 64MiB app.wasm", "with limits"),
                ("larder wasm run --deterministic --fuel 1000000 app.wasm", "the same result every time, on every machine"),
                ("larder wasm run --invoke add sum.wasm 2 3", "one function of a library"),
            ],
        };
        var file = new Argument<string>("file") { Description = "The module; with --compiled also what 'larder wasm compile' wrote." };
        var arguments = new Argument<string[]>("arguments")
        {
            Description = "The program's arguments, or with --invoke the function's. Put '--' before those that begin with '-'.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        command.Arguments.Add(file);
        command.Arguments.Add(arguments);
        var invoke = Add(command, new Option<string?>("--invoke") { Description = "Call this export and print its results.", HelpName = "NAME" });
        var directories = Add(command, new Option<string[]>("--dir")
        {
            Description = "A directory that the program may use, under another name with '::NAME', only for reading with ':ro'. Repeatable.",
            HelpName = "DIRECTORY[::NAME][:ro]",
        });
        var environment = Add(command, new Option<string[]>("--env")
        {
            Description = "A variable of the program's environment; without '=VALUE' it is taken from yours. Repeatable.",
            HelpName = "NAME[=VALUE]",
        });
        var fuel = Add(command, new Option<long?>("--fuel")
        {
            Description = "Stop after about this many instructions, at the same one every time.",
            HelpName = "COUNT",
            CustomParser = static result => Quantities.ParseCount(result, 1, long.MaxValue),
        });
        var timeout = Add(command, new Option<TimeSpan?>("--timeout")
        {
            Description = "Stop after this time, such as 500ms or 5s.",
            HelpName = "TIME",
            CustomParser = static result => PositiveTime(result),
        });
        var memory = Add(command, new Option<long?>("--memory-limit")
        {
            Description = "Most bytes of each memory of the program, such as 64MiB. Default: what the module says, at most 4 GiB.",
            HelpName = "BYTES",
            CustomParser = static result => Bytes(result, 0, MostMemoryBytes),
        });
        var stack = Add(command, new Option<long?>("--stack")
        {
            Description = "Bytes of stack for calls, such as 8MiB. Default 1MiB.",
            HelpName = "BYTES",
            CustomParser = static result => Bytes(result, LeastStackBytes, MostStackBytes),
        });
        var explicitChecks = Add(command, WasmOptions.ExplicitChecks());
        var canonical = Add(command, WasmOptions.CanonicalNaNs());
        var deterministic = Add(command, new Option<bool>("--deterministic")
        {
            Description = "The same run every time: a clock that only its readings move, fixed randomness, canonical NaNs.",
        });
        var compiled = Add(command, new Option<bool>("--compiled")
        {
            Description = "Take a file of 'larder wasm compile' too. Such a file is code that no sandbox holds: trust its maker.",
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (UsageErrors.MisplacedOption(parsed) is { } misplaced)
            {
                throw CommandException.Usage(
                    $"'{misplaced}' is not an option here; see 'larder wasm run --help', or put '--' before the program's own.");
            }

            var module = await ModuleFile.ReadAsync(parsed.GetRequiredValue(file), cancellationToken).ConfigureAwait(false);
            var isDeterministic = parsed.GetValue(deterministic);
            var stackBytes = parsed.GetValue(stack);
            var store = new StoreOptions { Fuel = parsed.GetValue(fuel) ?? long.MaxValue };
            var options = new RunOptions
            {
                File = module,
                Invoke = parsed.GetValue(invoke),
                Arguments = [.. parsed.GetValue(arguments) ?? []],
                Environment = [.. (parsed.GetValue(environment) ?? []).Select(word => Variable(terminal, word))],
                Directories = [.. (parsed.GetValue(directories) ?? []).Select(ParseDirectory)],
                Fuel = parsed.GetValue(fuel),
                Timeout = parsed.GetValue(timeout),
                Store = store with
                {
                    MemoryPages = (ulong)((parsed.GetValue(memory) ?? MostMemoryBytes) / PageBytes),
                    StackBytes = (int)(stackBytes ?? store.StackBytes),
                },
                Compile = RunOptions.Compilation(
                    parsed.GetValue(explicitChecks), parsed.GetValue(fuel) is not null, isDeterministic || parsed.GetValue(canonical)),
                IsDeterministic = isDeterministic,
                TrustsCompiled = parsed.GetValue(compiled),
            };
            return await Guest.RunAsync(terminal, options, cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    /// <summary>Reads <c>DIRECTORY[::NAME][:ro]</c>.</summary>
    internal static WasiDirectory ParseDirectory(string text)
    {
        const string ReadOnly = ":ro";
        var isReadOnly = text.EndsWith(ReadOnly, StringComparison.Ordinal);
        var rest = isReadOnly ? text[..^ReadOnly.Length] : text;
        var at = rest.LastIndexOf("::", StringComparison.Ordinal);
        var host = at < 0 ? rest : rest[..at];
        var guest = at < 0 ? rest : rest[(at + 2)..];
        if (host.Length == 0 || guest.Length == 0)
        {
            throw CommandException.Usage($"'{text}' names no directory; write --dir DIRECTORY, DIRECTORY::NAME or DIRECTORY::NAME:ro.");
        }

        return Directory.Exists(host)
            ? new WasiDirectory(host, guest, !isReadOnly)
            : throw CommandException.Usage($"There is no directory '{host}'; check --dir.");
    }

    private static KeyValuePair<string, string> Variable(Terminal terminal, string word)
    {
        var at = word.IndexOf('=', StringComparison.Ordinal);
        if (at > 0)
        {
            return new(word[..at], word[(at + 1)..]);
        }

        return at < 0 && terminal.Environment.TryGetValue(word, out var value)
            ? new(word, value)
            : throw CommandException.Usage(at == 0
                ? $"'{word}' names no variable; write --env NAME=VALUE."
                : $"The environment has no variable '{word}'; write --env {word}=VALUE.");
    }

    private static TimeSpan? PositiveTime(ArgumentResult result)
    {
        var time = Quantities.ParseTime(result);
        if (!result.Errors.Any() && time <= TimeSpan.Zero)
        {
            result.AddError("a program needs some time; write --timeout 5s");
        }

        return time;
    }

    private static long? Bytes(ArgumentResult result, long least, long most)
    {
        var bytes = Quantities.ParseBytes(result);
        if (!result.Errors.Any() && (bytes < least || bytes > most))
        {
            result.AddError($"'{result.Tokens[0].Value}' is not between {least} and {most} bytes");
        }

        return bytes;
    }

    private static Option<TValue> Add<TValue>(Command command, Option<TValue> option)
    {
        command.Options.Add(option);
        return option;
    }
}
