using System.Diagnostics;
using System.Runtime.CompilerServices;
using Larder.Wasm.Runtime;

namespace Larder.Tests.Wasm.Runtime;

/// <summary>One access in a process of its own, which may end by it. Started like <see cref="Disk.DiskChild"/>.</summary>
internal static unsafe class GuardChild
{
    public const string Variable = "LARDER_GUARD_CHILD";
    public const int Caught = 3;
    public const int Unnoticed = 4;

    /// <summary>Runs a child and waits for its end.</summary>
    public static (int ExitCode, string Errors) Run(string role)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardError = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
        {
            start.ArgumentList.Add(typeof(GuardChild).Assembly.Location);
        }

        start.Environment[Variable] = role;
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(GuardChild).Assembly.Location;
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using var child = Process.Start(start) ?? throw new InvalidOperationException("The child did not start.");
        var output = child.StandardOutput.ReadToEndAsync();
        var errors = child.StandardError.ReadToEnd();
        child.WaitForExit();
        return (child.ExitCode, errors + output.Result);
    }

    /// <summary>Makes the access that the environment asks for, and ends the process.</summary>
    public static void Work()
    {
        var role = Environment.GetEnvironmentVariable(Variable);
        var region = MemoryRegion.Create(MemoryMode.Guard, 100, 1, 1);
        var address = role switch
        {
            "guard" => region.Base + MemoryRegion.PageBytes,
            "null" => null,

            // The kernel lets nobody map anything above this; the first gigabytes are free in 64-bit processes.
            "above" => (byte*)0x7FFF_FFFF_F000,
            _ => (byte*)0x1234_5678,
        };
        Environment.Exit(Access(address));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Access(byte* address)
    {
        try
        {
            return Volatile.Read(ref *address) == 0 ? Unnoticed : Unnoticed + 1;
        }
        catch (NullReferenceException)
        {
            return Caught;
        }
    }
}
