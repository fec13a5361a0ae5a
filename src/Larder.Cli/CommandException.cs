namespace Larder.Cli;

/// <summary>
/// Ends the command with an exit code. The message is one sentence: what was wrong, where, and what to do.
/// </summary>
internal sealed class CommandException : Exception
{
    public CommandException(int exitCode, string message, Exception? innerException = null)
        : base(message, innerException) => ExitCode = exitCode;

    public int ExitCode { get; }

    public static CommandException Usage(string message) => new(ExitCodes.Usage, message);

    public static CommandException NotFound(string message) => new(ExitCodes.NotFound, message);

    public static CommandException Unreachable(string message, Exception? cause = null) =>
        new(ExitCodes.Unreachable, message, cause);
}
