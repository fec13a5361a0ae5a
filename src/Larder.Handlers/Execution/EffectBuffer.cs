using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Execution;

/// <summary>
/// What a run wants done, kept until it ends or is suspended, within its limits. Limits hold for the whole run, also for
/// what was taken already. For one thread.
/// </summary>
internal sealed class EffectBuffer(ExecutionLimits limits)
{
    private readonly ImmutableArray<StateMutation>.Builder _mutations = ImmutableArray.CreateBuilder<StateMutation>();
    private readonly ImmutableArray<HandlerEvent>.Builder _events = ImmutableArray.CreateBuilder<HandlerEvent>();
    private readonly ImmutableArray<ViewCommand>.Builder _commands = ImmutableArray.CreateBuilder<ViewCommand>();
    private readonly ImmutableArray<LogEntry>.Builder _log = ImmutableArray.CreateBuilder<LogEntry>();
    private int _mutationCount;
    private int _eventCount;
    private int _commandCount;
    private long _outputBytes;
    private long _logBytes;

    /// <summary>A change of the state.</summary>
    /// <exception cref="HostRefusal">A limit is reached.</exception>
    public void Add(StateMutation mutation, int valueBytes)
    {
        Count(ref _mutationCount, limits.StateMutations, "changes of the state");
        AddOutput(mutation.Key.Length + valueBytes);
        _mutations.Add(mutation);
    }

    /// <summary>An event.</summary>
    /// <exception cref="HostRefusal">A limit is reached.</exception>
    public void Add(HandlerEvent handlerEvent, int payloadBytes)
    {
        Count(ref _eventCount, limits.Events, "events");
        AddOutput(handlerEvent.Name.Length + payloadBytes);
        _events.Add(handlerEvent);
    }

    /// <summary>A command for a view.</summary>
    /// <exception cref="HostRefusal">A limit is reached.</exception>
    public void Add(ViewCommand command, int argumentBytes)
    {
        Count(ref _commandCount, limits.ViewCommands, "view commands");
        AddOutput((command.ComponentId?.Length ?? 0) + argumentBytes);
        _commands.Add(command);
    }

    /// <summary>Bytes of output besides these: the return value, arguments of extensions.</summary>
    /// <exception cref="HostRefusal">The limit is reached.</exception>
    public void AddOutput(long bytes)
    {
        if (_outputBytes + bytes > limits.OutputBytes)
        {
            throw new HostRefusal(
                HandlerErrorCode.ResourceLimit,
                string.Create(CultureInfo.InvariantCulture, $"the output is larger than the limit of {limits.OutputBytes} bytes"));
        }

        _outputBytes += bytes;
    }

    /// <summary>A line of the log, as much of it as there is room for.</summary>
    public void Log(HandlerLogLevel level, ReadOnlySpan<byte> text)
    {
        var room = limits.LogBytes - _logBytes;
        if (room <= 0)
        {
            return;
        }

        _logBytes += text.Length + 1;
        if (text.Length > room)
        {
            // Not in the middle of a character.
            var end = (int)room;
            while (end > 0 && (text[end] & 0xC0) == 0x80)
            {
                end--;
            }

            text = text[..end];
        }

        _log.Add(new LogEntry(level, Encoding.UTF8.GetString(text)));
    }

    /// <summary>Moves what was collected since the last time into a result.</summary>
    public HandlerResult TakeInto(HandlerResult result) => result with
    {
        StateMutations = _mutations.DrainToImmutable(),
        Events = _events.DrainToImmutable(),
        ViewCommands = _commands.DrainToImmutable(),
        Log = _log.DrainToImmutable(),
    };

    private static void Count(ref int count, int limit, string what)
    {
        if (count >= limit)
        {
            throw new HostRefusal(
                HandlerErrorCode.ResourceLimit, string.Create(CultureInfo.InvariantCulture, $"the limit of {limit} {what} is reached"));
        }

        count++;
    }
}
