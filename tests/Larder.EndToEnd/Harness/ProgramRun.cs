using System.Text;

namespace Larder.EndToEnd.Harness;

/// <summary>How a program ended and what it wrote.</summary>
internal sealed record ProgramRun(int ExitCode, byte[] Output, string Error, TimeSpan Elapsed)
{
    public string Text => Encoding.UTF8.GetString(Output);

    /// <summary>Everything, for the message of a failed assertion.</summary>
    public override string ToString() => $"exit code {ExitCode} after {Elapsed.TotalSeconds:F1} s\n{Text}\n{Error}";

    /// <summary>Runs a program to its end.</summary>
    public static async Task<ProgramRun> OfAsync(ProgramStart start)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var process = start.Start();
        var output = new MemoryStream();
        var copying = process.StandardOutput.BaseStream.CopyToAsync(output);
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(start.Input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading everything, as it may.
        }

        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(start.Timeout);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"'{start.Program} {string.Join(' ', start.Arguments)}' ran longer than {start.Timeout}.\n{await error}");
        }

        // A daemon that the program left behind may keep the pipes open; what it writes later is nobody's.
        await Task.WhenAll(copying, error).WaitAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var exitCode = process.ExitCode;
        process.Dispose();
        return new ProgramRun(
            exitCode, copying.IsCompleted ? output.ToArray() : [], error.IsCompletedSuccessfully ? await error : string.Empty, clock.Elapsed);
    }

    /// <summary>This run, after asserting that it ended well.</summary>
    public ProgramRun Succeeded()
    {
        Assert.True(ExitCode == 0, ToString());
        return this;
    }

    /// <summary>This run, after asserting that it ended with a code.</summary>
    public ProgramRun ExitedWith(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"expected exit code {exitCode}: {this}");
        return this;
    }
}
