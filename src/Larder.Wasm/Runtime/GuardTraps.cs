using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Larder.Wasm.Runtime;

/// <summary>
/// Makes an access of JIT-compiled code to an inaccessible page of the arena an ordinary
/// <see cref="NullReferenceException"/> at that instruction.
/// </summary>
/// <remarks>
/// <para>
/// The runtime turns faults of managed code into exceptions only for addresses near zero; any other address ends the
/// process. <see cref="GuardShim"/> is installed over the runtime's handler with the same flags and mask, and makes a
/// fault inside the arena indistinguishable from one at address zero. Faults elsewhere reach the old handler unchanged:
/// null dereferences are exceptions and wild accesses end the process as before. A fault of native code inside the
/// arena (a C library's copy with wrong bounds) also ends the process.
/// </para>
/// <para>
/// A wrong guess here would end the process, so nothing is guessed. Before the handler is installed, the shim runs as a
/// plain function on made-up signals, and both its outputs are compared. What the runtime then sees of a fault in the
/// arena is, bit by bit, what it sees of a null dereference, which every .NET program relies on; so the one real fault
/// that follows cannot end otherwise. A child process would be no better: a library does not know how to start its host
/// program, and a forked copy of a runtime with several threads may hang.
/// </para>
/// <para>The arena, the shim and the handler stay for the life of the process.</para>
/// </remarks>
internal static unsafe class GuardTraps
{
    // SA_SIGINFO | SA_ONSTACK: the handler takes three arguments and runs on a stack of its own.
    private const int RequiredFlags = 0x4 | 0x08000000;

    private static readonly Lazy<string?> Reason = new(Install, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>Whether guard pages can be used in this process. The first call installs and tests them.</summary>
    public static bool IsAvailable => Reason.Value is null;

    /// <summary>Why guard pages cannot be used here; null when they can.</summary>
    public static string? UnavailableReason => Reason.Value;

    /// <summary>Runs a shim as a plain function on a made-up signal.</summary>
    /// <returns>The address, the code and the saved CR2 that the next handler would see.</returns>
    internal static (nint Address, int Code, nint Register) Simulate(nint shim, nint address, int code)
    {
        var information = stackalloc byte[128];
        var context = stackalloc byte[1024];
        new Span<byte>(information, 128).Clear();
        new Span<byte>(context, 1024).Clear();
        *(int*)(information + GuardShim.CodeOffset) = code;
        *(nint*)(information + GuardShim.AddressOffset) = address;
        *(nint*)(context + GuardShim.FaultRegisterOffset) = address;
        ((delegate* unmanaged<int, byte*, byte*, void>)shim)(Native.SignalSegmentationFault, information, context);
        return (
            *(nint*)(information + GuardShim.AddressOffset),
            *(int*)(information + GuardShim.CodeOffset),
            *(nint*)(context + GuardShim.FaultRegisterOffset));
    }

    private static string? Install()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return "guard pages need Linux on x64";
        }

        if (Type.GetType("Mono.RuntimeStructs") is not null || !RuntimeFeature.IsDynamicCodeCompiled)
        {
            return "guard pages need the CoreCLR runtime with its JIT";
        }

        Native.SignalHandler previous;
        if (Native.SignalAction(Native.SignalSegmentationFault, null, &previous) != 0)
        {
            return Failed("sigaction");
        }

        if (previous.Handler is 0 or 1 || (previous.Flags & RequiredFlags) != RequiredFlags)
        {
            return "the handler of segmentation faults is not the runtime's";
        }

        if (GuardArena.Reserve() is { } refusal)
        {
            return refusal;
        }

        if (!TryPlaceShim(previous.Handler, out var shim, out var error))
        {
            return error;
        }

        return InstallOver(previous, shim) ?? Test();
    }

    // Page layout: the shim for the trial, its next handler that only returns, the shim that is installed.
    private static bool TryPlaceShim(nint next, out nint shim, out string? error)
    {
        const int Return = 128;
        const int Installed = 256;
        var page = (nuint)Environment.SystemPageSize;
        shim = 0;
        error = null;
        var code = Native.Map(0, page, Native.ProtectReadWrite, Native.MapReserve, -1, 0);
        if (code == -1)
        {
            error = Failed("mmap");
            return false;
        }

        var bytes = new Span<byte>((void*)code, (int)page);
        GuardShim.Assemble(GuardArena.Address, GuardArena.Length, code + Return).CopyTo(bytes);
        bytes[Return] = 0xC3; // ret
        GuardShim.Assemble(GuardArena.Address, GuardArena.Length, next).CopyTo(bytes[Installed..]);
        if (Native.Protect(code, page, Native.ProtectReadExecute) != 0)
        {
            error = Failed("mprotect");
        }
        else if (!BehavesInTrial(code))
        {
            error = "the machine code of the fault handler does not behave";
        }

        if (error is not null)
        {
            _ = Native.Unmap(code, page);
            return false;
        }

        shim = code + Installed;
        return true;
    }

    private static bool BehavesInTrial(nint shim)
    {
        const int Denied = 2; // SEGV_ACCERR, what an inaccessible page gives.
        var first = GuardArena.Address;
        var last = first + (nint)GuardArena.Length - 1;
        return Simulate(shim, first, Denied) == (0, GuardShim.CodeNotMapped, 0)
            && Simulate(shim, last, Denied) == (0, GuardShim.CodeNotMapped, 0)
            && Simulate(shim, first - 1, Denied) == (first - 1, Denied, first - 1)
            && Simulate(shim, last + 1, Denied) == (last + 1, Denied, last + 1)
            && Simulate(shim, first, 0) == (first, 0, first)
            && Simulate(shim, 0, GuardShim.CodeNotMapped) == (0, GuardShim.CodeNotMapped, 0);
    }

    private static string? InstallOver(Native.SignalHandler previous, nint shim)
    {
        var action = previous;
        action.Handler = shim;
        Native.SignalHandler replaced;
        if (Native.SignalAction(Native.SignalSegmentationFault, &action, &replaced) != 0)
        {
            return Failed("sigaction");
        }

        if (replaced.Handler != previous.Handler)
        {
            // Somebody else installed a handler between the two calls; theirs stays.
            _ = Native.SignalAction(Native.SignalSegmentationFault, &replaced, null);
            return "the handler of segmentation faults changed while it was being replaced";
        }

        return null;
    }

    private static string? Test() =>
        Faults((byte*)GuardArena.Address) && Faults((byte*)0) ? null : "an access to a guard page was not an exception";

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Faults(byte* address)
    {
        try
        {
            return *address == 0 && *address != 0;
        }
        catch (NullReferenceException)
        {
            return true;
        }
    }

    private static string Failed(string call) =>
        $"{call} failed with '{Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}'";
}
