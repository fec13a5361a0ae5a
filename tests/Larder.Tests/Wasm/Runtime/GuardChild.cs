using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Larder.Wasm;
using Larder.Wasm.Runtime;

namespace Larder.Tests.Wasm.Runtime;

/// <summary>One access in a process of its own, which may end by it. Started like <see cref="Disk.DiskChild"/>.</summary>
internal static unsafe partial class GuardChild
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
        if (role is "growth" or "strict growth")
        {
            Environment.Exit(Grow(role == "strict growth"));
        }

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

    // A guest grows its memory by 64 MiB at a time, on a machine that has 100 MiB left.
    private static int Grow(bool isStrict)
    {
        var code = new Generation.WasmCode();
        code.I32(1000);
        code.Op(Opcode.MemoryGrow, 0);
        var module = ModuleBytes.Module(
            ModuleBytes.List(1, ModuleBytes.Type([], [ModuleBytes.I32])),
            ModuleBytes.List(3, [0]),
            ModuleBytes.List(5, [0, 1]),
            ModuleBytes.List(7, [.. ModuleBytes.Name("f"), 0, 0]),
            ModuleBytes.List(10, ModuleBytes.Body(code.ToArray())));
        var compiled = CompiledModule.Compile(module, new CompileOptions { MemoryChecks = MemoryChecks.Explicit });
        using var store = new Store(new StoreOptions { StrictGrowth = isStrict });
        var function = store.Instantiate(compiled).Function("f")!; // The module exports it.
        if (function.Invoke(out int before) is not null || before != 1)
        {
            return Unnoticed;
        }

        var used = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmData", StringComparison.Ordinal));
        var limit = (1024 * long.Parse(used.Split(' ')[^2], CultureInfo.InvariantCulture)) + (100 << 20);
        var limits = stackalloc long[] { limit, limit };
        const int DataSegment = 2;
        if (SetLimit(DataSegment, limits) != 0)
        {
            return Unnoticed;
        }

        try
        {
            for (var round = 0; round < 10; round++)
            {
                if (function.Invoke(out before) is not null)
                {
                    return Unnoticed;
                }

                if (before < 0)
                {
                    return isStrict ? Unnoticed : Caught;
                }
            }

            return Unnoticed;
        }
        catch (WasmException exception)
        {
            return isStrict && exception.Kind == WasmErrorKind.Unavailable ? Caught : Unnoticed;
        }
    }

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetLimit(int resource, long* limits);
}
