namespace Larder.Wasm.Wasi;

/// <summary>
/// The guest asked to end with <c>proc_exit</c>. It unwinds the guest; <see cref="WasiHost.Run"/> turns it into an exit
/// code. It reaches those who call functions of the instance themselves.
/// </summary>
public sealed class WasiExitException : Exception
{
    /// <summary>Creates the exception.</summary>
    public WasiExitException(int exitCode)
        : base($"The program ended with exit code {exitCode}.") => ExitCode = exitCode;

    /// <summary>What the guest gave; 0 says that all is well.</summary>
    public int ExitCode { get; }
}
