using System.Globalization;
using System.Text;
using System.Text.Json;
using Larder.Cli.Output;

namespace Larder.Cli.Handlers;

/// <summary>Shows the results of a run to people.</summary>
internal static class ResultReport
{
    /// <summary>Prints what the run did and returns the exit code of the command.</summary>
    public static int Show(Terminal terminal, HandlerSource handler, IReadOnlyList<JsonElement> results)
    {
        foreach (var result in results)
        {
            ShowEffects(terminal, result);
        }

        var last = results[^1];
        if (last.TryGetProperty("returnValue", out var value))
        {
            Line(terminal, "returned", Text(value));
        }

        if (last.TryGetProperty("suspension", out var suspension))
        {
            var arguments = string.Join(", ", suspension.GetProperty("args").EnumerateArray().Select(Text));
            Line(terminal, "waits for", $"$ext.{suspension.GetProperty("extensionName").GetString()}.{suspension.GetProperty("method").GetString()}({arguments})");
        }

        ShowMetrics(terminal, results);
        if (!last.TryGetProperty("error", out var error))
        {
            return ExitCodes.Ok;
        }

        ShowError(terminal, handler, error);
        return ExitCodeOf(last);
    }

    /// <summary>The exit code for a result: 0 unless it is an error.</summary>
    public static int ExitCodeOf(JsonElement result) => !result.TryGetProperty("error", out var error) ? ExitCodes.Ok
        : error.GetProperty("code").GetString() switch
        {
            "TIMEOUT" => ExitCodes.TimedOut,
            "COMPILATION_ERROR" or "INVALID_HANDLER" => ExitCodes.Damaged,
            _ => ExitCodes.Failure,
        };

    /// <summary>Says on standard error what is wrong with a handler, and where.</summary>
    public static void ShowError(Terminal terminal, HandlerSource handler, JsonElement error)
    {
        var place = error.TryGetProperty("location", out var location)
            ? string.Create(CultureInfo.InvariantCulture, $":{location.GetProperty("line").GetInt32()}:{location.GetProperty("column").GetInt32()}")
            : string.Empty;
        terminal.Warn($"{handler.Path}{place}: {error.GetProperty("code").GetString()}: {Clean(error.GetProperty("message").GetString())}");
        if (error.TryGetProperty("snippet", out var snippet))
        {
            foreach (var line in (snippet.GetProperty("code").GetString() ?? string.Empty).TrimEnd('\n').Split('\n'))
            {
                terminal.Error.WriteLine(Clean(line));
            }
        }

        if (error.TryGetProperty("stack", out var stack) && stack.GetString() is { Length: > 0 } frames)
        {
            foreach (var frame in frames.TrimEnd('\n').Split('\n'))
            {
                terminal.Error.WriteLine(Clean(frame));
            }
        }

        if (error.GetProperty("code").ValueEquals("PERMISSION_DENIED"u8))
        {
            terminal.Error.WriteLine("  Grant what it names with --grant, or everything that the source seems to need with --infer.");
        }

        terminal.Error.Flush();
    }

    private static void ShowEffects(Terminal terminal, JsonElement result)
    {
        foreach (var entry in result.GetProperty("log").EnumerateArray())
        {
            Line(terminal, entry.GetProperty("level").GetString() ?? "log", entry.GetProperty("message").GetString() ?? string.Empty);
        }

        foreach (var mutation in result.GetProperty("stateMutations").EnumerateArray())
        {
            var key = mutation.GetProperty("key").GetString();
            Line(terminal, "state", mutation.GetProperty("operation").ValueEquals("delete"u8) ? $"{key} deleted" : $"{key} = {Text(mutation.GetProperty("value"))}");
        }

        foreach (var one in result.GetProperty("events").EnumerateArray())
        {
            Line(terminal, "event", $"{one.GetProperty("name").GetString()} {Text(one.GetProperty("payload"))}");
        }

        foreach (var command in result.GetProperty("viewCommands").EnumerateArray())
        {
            var target = command.TryGetProperty("componentId", out var component) ? $" {component.GetString()}" : string.Empty;
            Line(terminal, "view", $"{command.GetProperty("type").GetString()}{target} {Text(command.GetProperty("args"))}");
        }
    }

    private static void ShowMetrics(Terminal terminal, IReadOnlyList<JsonElement> results)
    {
        var metrics = results[0].GetProperty("metrics");
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Time(results.Sum(static result => Micros(result, "runTimeUs")))} of code in {Time(results.Sum(static result => Micros(result, "durationUs")))}; ");
        text.Append(metrics.TryGetProperty("compilationTimeUs", out var compilation)
            ? $"compiled in {Time(compilation.GetDouble())}"
            : $"compiled form from {metrics.GetProperty("origin").GetString()}");
        var instructions = results.Sum(static result => result.GetProperty("metrics").GetProperty("instructionCount").GetInt64());
        text.Append(CultureInfo.InvariantCulture, $"; {Format.Count(instructions)} instructions");
        text.Append(CultureInfo.InvariantCulture, $", {Format.Bytes(results.Max(static result => result.GetProperty("metrics").GetProperty("memoryPeakBytes").GetInt64()))}");
        Line(terminal, "ran", text.ToString());
    }

    private static double Micros(JsonElement result, string name) => result.GetProperty("metrics").GetProperty(name).GetDouble();

    private static string Time(double microseconds) => microseconds < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{microseconds:0} µs")
        : string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1000:0.0} ms");

    private static void Line(Terminal terminal, string what, string text) => terminal.Say($"{what,-10} {Clean(text)}");

    private static string Text(JsonElement value) => Encoding.UTF8.GetString(HandlerCallJson.Write(writer => value.WriteTo(writer)).Span);

    // Handlers are anybody's: a control character in a text must not reach the terminal.
    private static string Clean(string? text) => text is null ? string.Empty
        : text.Any(char.IsControl) ? string.Concat(text.Select(static letter => char.IsControl(letter) ? ' ' : letter))
        : text;
}
