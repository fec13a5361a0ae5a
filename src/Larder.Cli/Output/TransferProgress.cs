using Spectre.Console;

namespace Larder.Cli.Output;

/// <summary>A progress bar on standard error for work that takes a while; nothing when that is not a terminal.</summary>
internal static class TransferProgress
{
    /// <summary>Runs work that reports how many bytes it has moved so far.</summary>
    /// <param name="terminal">Where the bar is shown.</param>
    /// <param name="title">What is being done.</param>
    /// <param name="totalBytes">How many bytes there are; -1 when unknown.</param>
    /// <param name="work">The work.</param>
    public static Task<TResult> BytesAsync<TResult>(
        Terminal terminal, string title, long totalBytes, Func<IProgress<long>, Task<TResult>> work) =>
        RunAsync(terminal, title, totalBytes, work, new DownloadedColumn(), new TransferSpeedColumn(), new RemainingTimeColumn());

    /// <summary>Runs work that reports how many entries it has handled so far.</summary>
    /// <param name="terminal">Where the bar is shown.</param>
    /// <param name="title">What is being done.</param>
    /// <param name="totalEntries">How many entries there are; -1 when unknown.</param>
    /// <param name="work">The work.</param>
    public static Task<TResult> EntriesAsync<TResult>(
        Terminal terminal, string title, long totalEntries, Func<IProgress<long>, Task<TResult>> work) =>
        RunAsync(terminal, title, totalEntries, work, new ValueColumn(), new PercentageColumn(), new RemainingTimeColumn());

    private static async Task<TResult> RunAsync<TResult>(
        Terminal terminal, string title, long total, Func<IProgress<long>, Task<TResult>> work, params ProgressColumn[] figures)
    {
        if (!terminal.ErrorIsTerminal)
        {
            return await work(new Silent()).ConfigureAwait(false);
        }

        return await terminal.ErrorConsole.Progress()
            .AutoClear(true)
            .Columns([new TaskDescriptionColumn(), new ProgressBarColumn(), .. figures])
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape(title), maxValue: Math.Max(total, 1));
                task.IsIndeterminate = total < 0;
                return await work(new Bar(task)).ConfigureAwait(false);
            }).ConfigureAwait(false);
    }

    private sealed class Silent : IProgress<long>
    {
        public void Report(long value)
        {
        }
    }

    private sealed class Bar : IProgress<long>
    {
        private readonly ProgressTask _task;

        public Bar(ProgressTask task) => _task = task;

        public void Report(long value) => _task.Value = value;
    }

    private sealed class ValueColumn : ProgressColumn
    {
        public override Spectre.Console.Rendering.IRenderable Render(
            Spectre.Console.Rendering.RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(task.IsIndeterminate
                ? Format.Count((long)task.Value)
                : $"{Format.Count((long)task.Value)} of {Format.Count((long)task.MaxValue)}");
    }
}
