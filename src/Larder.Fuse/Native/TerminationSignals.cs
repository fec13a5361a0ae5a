using System.Runtime.InteropServices;

namespace Larder.Fuse.Native;

/// <summary>Does something else than end when the process is asked to end.</summary>
internal sealed class TerminationSignals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;

    internal TerminationSignals(Action instead) => _registrations =
    [
        .. new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP }.Select(signal =>
            PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                instead();
            })),
    ];

    public void Dispose() => Array.ForEach(_registrations, registration => registration.Dispose());
}
