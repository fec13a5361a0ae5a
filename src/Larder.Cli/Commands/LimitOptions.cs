using System.CommandLine;
using System.Text.Json;
using Larder.Cli.Handlers;
using Larder.Handlers;

namespace Larder.Cli.Commands;

/// <summary>The options that say what a handler may use at most.</summary>
internal sealed class LimitOptions
{
    private const long LeastMemoryBytes = 1L << 20;
    private const long MostMemoryBytes = 2L << 30;

    private readonly Option<TimeSpan?> _timeout = new("--timeout")
    {
        Description = "How long its code may run, such as 100ms. Default 5s.",
        HelpName = "TIME",
        CustomParser = static result =>
        {
            var time = Quantities.ParseTime(result);
            if (!result.Errors.Any() && time < TimeSpan.FromMilliseconds(1))
            {
                result.AddError("a handler needs some time; write --timeout 5s");
            }

            return time;
        },
    };

    private readonly Option<long?> _fuel = Count("--fuel", "Instructions that it may run, the same on every machine. Default no limit.", long.MaxValue);
    private readonly Option<long?> _hostCalls = Count("--max-host-calls", "Calls of host functions. Default 10,000.", int.MaxValue);

    private readonly Option<long?> _memory = new("--memory-limit")
    {
        Description = "Memory of its instance, 1MiB to 2GiB. Default 32MiB. Not with --node, which has its own.",
        HelpName = "BYTES",
        CustomParser = static result =>
        {
            var bytes = Quantities.ParseBytes(result);
            if (!result.Errors.Any() && bytes is < LeastMemoryBytes or > MostMemoryBytes)
            {
                result.AddError($"'{result.Tokens[0].Value}' is not between 1MiB and 2GiB");
            }

            return bytes;
        },
    };

    private LimitOptions()
    {
    }

    /// <summary>Adds the options to a command.</summary>
    public static LimitOptions AddTo(Command command)
    {
        var options = new LimitOptions();
        foreach (var option in (Option[])[options._timeout, options._fuel, options._memory, options._hostCalls])
        {
            command.Options.Add(option);
        }

        return options;
    }

    /// <summary>The options of a runtime that runs one handler.</summary>
    public HandlerRuntimeOptions ToOptions(ParseResult parsed)
    {
        var defaults = new HandlerRuntimeOptions();
        return defaults with
        {
            MinInstances = 0,
            MaxInstances = 1,
            MemoryLimitBytes = parsed.GetValue(_memory) ?? defaults.MemoryLimitBytes,
            Limits = defaults.Limits with
            {
                Timeout = parsed.GetValue(_timeout) ?? defaults.Limits.Timeout,
                Fuel = parsed.GetValue(_fuel) ?? 0,
                HostCalls = (int)(parsed.GetValue(_hostCalls) ?? defaults.Limits.HostCalls),
            },
        };
    }

    /// <summary>The limits as a node takes them; undefined for none.</summary>
    public JsonElement ToJson(ParseResult parsed)
    {
        if (parsed.GetValue(_memory) is not null)
        {
            throw CommandException.Usage("--memory-limit is the node's own setting; leave it out with --node.");
        }

        return HandlerCallJson.Merge(
            default,
            ("timeoutMs", Number((long?)parsed.GetValue(_timeout)?.TotalMilliseconds)),
            ("fuel", Number(parsed.GetValue(_fuel))),
            ("maxHostCalls", Number(parsed.GetValue(_hostCalls))));
    }

    private static JsonElement Number(long? number) => number is { } known
        ? JsonElement.Parse(HandlerCallJson.Write(writer => writer.WriteNumberValue(known)).Span)
        : default;

    private static Option<long?> Count(string name, string description, long most) => new(name)
    {
        Description = description,
        HelpName = "COUNT",
        CustomParser = result => Quantities.ParseCount(result, 1, most),
    };
}
