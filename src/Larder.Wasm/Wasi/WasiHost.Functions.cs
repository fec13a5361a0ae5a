namespace Larder.Wasm.Wasi;

public sealed partial class WasiHost
{
    private delegate Errno Answer(GuestMemory memory, CallArguments arguments);

    private void AddProcess(Imports imports, Store store)
    {
        Add(imports, store, "args_get", "ii", (m, a) => _calls.Arguments(m, a.U32(0), a.U32(1)));
        Add(imports, store, "args_sizes_get", "ii", (m, a) => _calls.ArgumentSizes(m, a.U32(0), a.U32(1)));
        Add(imports, store, "environ_get", "ii", (m, a) => _calls.Environment(m, a.U32(0), a.U32(1)));
        Add(imports, store, "environ_sizes_get", "ii", (m, a) => _calls.EnvironmentSizes(m, a.U32(0), a.U32(1)));
        Add(imports, store, "clock_res_get", "ii", (m, a) => _calls.ClockResolution(m, a.U32(0), a.U32(1)));
        Add(imports, store, "clock_time_get", "iIi", (m, a) => _calls.Time(m, a.U32(0), a.U32(2)));
        Add(imports, store, "random_get", "ii", (m, a) => _calls.Random(m, a.Store, a.U32(0), a.U32(1)));
        Add(imports, store, "poll_oneoff", "iiii", (m, a) => _calls.Poll(m, a.Store, a.U32(0), a.U32(1), a.U32(2), a.U32(3)));
        Add(imports, store, "sched_yield", "", static (_, _) => Yield());
        Add(imports, store, "proc_raise", "i", static (_, _) => Errno.NotImplemented);

        var exit = new FunctionType([WasmType.I32], []);
        imports.Add(ModuleName, "proc_exit", new WasmFunction(
            store, exit, static (_, arguments, _) => throw new WasiExitException(arguments[0].I32)));
    }

    private void AddDescriptors(Imports imports, Store store)
    {
        Add(imports, store, "fd_advise", "iIIi", (_, a) => _calls.Advise(a.U32(0), a.U64(1), a.U64(2), a.U32(3)));
        Add(imports, store, "fd_allocate", "iII", (_, a) => _calls.Allocate(a.U32(0), a.U64(1), a.U64(2)));
        Add(imports, store, "fd_close", "i", (_, a) => _calls.Close(a.U32(0)));
        Add(imports, store, "fd_datasync", "i", (_, a) => _calls.DataSync(a.U32(0)));
        Add(imports, store, "fd_fdstat_get", "ii", (m, a) => _calls.DescriptorStatus(m, a.U32(0), a.U32(1)));
        Add(imports, store, "fd_fdstat_set_flags", "ii", (_, a) => _calls.SetFlags(a.U32(0), a.U32(1)));
        Add(imports, store, "fd_fdstat_set_rights", "iII", (_, a) => _calls.SetRights(a.U32(0), a.U64(1), a.U64(2)));
        Add(imports, store, "fd_filestat_get", "ii", (m, a) => _calls.FileStatusOf(m, a.U32(0), a.U32(1)));
        Add(imports, store, "fd_filestat_set_size", "iI", (_, a) => _calls.SetSize(a.U32(0), a.U64(1)));
        Add(imports, store, "fd_filestat_set_times", "iIIi", (_, a) => _calls.SetTimes(a.U32(0), a.U64(1), a.U64(2), a.U32(3)));
        Add(imports, store, "fd_pread", "iiiIi", (m, a) => _calls.ReadAt(m, a.U32(0), a.U32(1), a.U32(2), a.U64(3), a.U32(4)));
        Add(imports, store, "fd_prestat_get", "ii", (m, a) => _calls.GrantedDirectory(m, a.U32(0), a.U32(1)));
        Add(imports, store, "fd_prestat_dir_name", "iii", (m, a) => _calls.GrantedDirectoryName(m, a.U32(0), a.U32(1), a.U32(2)));
        Add(imports, store, "fd_pwrite", "iiiIi", (m, a) => _calls.WriteAt(m, a.U32(0), a.U32(1), a.U32(2), a.U64(3), a.U32(4)));
        Add(imports, store, "fd_read", "iiii", (m, a) => _calls.Read(m, a.U32(0), a.U32(1), a.U32(2), a.U32(3)));
        Add(imports, store, "fd_readdir", "iiiIi", (m, a) => _calls.ReadDirectory(m, a.U32(0), a.U32(1), a.U32(2), a.U64(3), a.U32(4)));
        Add(imports, store, "fd_renumber", "ii", (_, a) => _calls.Renumber(a.U32(0), a.U32(1)));
        Add(imports, store, "fd_seek", "iIii", (m, a) => _calls.Seek(m, a.U32(0), a.S64(1), a.U32(2), a.U32(3)));
        Add(imports, store, "fd_sync", "i", (_, a) => _calls.Sync(a.U32(0)));
        Add(imports, store, "fd_tell", "ii", (m, a) => _calls.Tell(m, a.U32(0), a.U32(1)));
        Add(imports, store, "fd_write", "iiii", (m, a) => _calls.Write(m, a.U32(0), a.U32(1), a.U32(2), a.U32(3)));
    }

    private void AddPaths(Imports imports, Store store)
    {
        Add(imports, store, "path_create_directory", "iii", (m, a) => _calls.CreateDirectory(m, a.U32(0), a.Path(1)));
        Add(imports, store, "path_filestat_get", "iiiii", (m, a) => _calls.PathStatus(m, a.U32(0), a.U32(1), a.Path(2), a.U32(4)));
        Add(imports, store, "path_filestat_set_times", "iiiiIIi", (m, a) =>
            _calls.PathSetTimes(m, a.U32(0), a.U32(1), a.Path(2), a.U64(4), a.U64(5), a.U32(6)));
        Add(imports, store, "path_link", "iiiiiii", (m, a) => _calls.Link(m, a.U32(0), a.U32(1), a.Path(2), a.U32(4), a.Path(5)));
        Add(imports, store, "path_open", "iiiiiIIii", (m, a) => _calls.Open(m, a.U32(0), a.U32(1), a.Path(2), Request(a), a.U32(8)));
        Add(imports, store, "path_readlink", "iiiiii", (m, a) => _calls.ReadLink(m, a.U32(0), a.Path(1), a.U32(3), a.U32(4), a.U32(5)));
        Add(imports, store, "path_remove_directory", "iii", (m, a) => _calls.RemoveDirectory(m, a.U32(0), a.Path(1)));
        Add(imports, store, "path_rename", "iiiiii", (m, a) => _calls.Rename(m, a.U32(0), a.Path(1), a.U32(3), a.Path(4)));
        Add(imports, store, "path_symlink", "iiiii", (m, a) => _calls.Symlink(m, a.Path(0), a.U32(2), a.Path(3)));
        Add(imports, store, "path_unlink_file", "iii", (m, a) => _calls.Unlink(m, a.U32(0), a.Path(1)));
    }

    // Nothing that can be granted is a socket.
    private void AddSockets(Imports imports, Store store)
    {
        Add(imports, store, "sock_accept", "iii", (_, a) => _calls.RefuseSocket(a.U32(0)));
        Add(imports, store, "sock_recv", "iiiiii", (_, a) => _calls.RefuseSocket(a.U32(0)));
        Add(imports, store, "sock_send", "iiiii", (_, a) => _calls.RefuseSocket(a.U32(0)));
        Add(imports, store, "sock_shutdown", "ii", (_, a) => _calls.RefuseSocket(a.U32(0)));
    }

    // Bits beyond those that the type has would be lost, so they are kept in a bit that no flag uses.
    private static OpenRequest Request(CallArguments arguments)
    {
        var open = arguments.U32(4);
        var flags = arguments.U32(7);
        return new OpenRequest(
            open <= ushort.MaxValue ? (OpenFlags)open : (OpenFlags)ushort.MaxValue,
            (Rights)arguments.U64(5),
            (Rights)arguments.U64(6),
            flags <= ushort.MaxValue ? (DescriptorFlags)flags : (DescriptorFlags)ushort.MaxValue);
    }

    private static Errno Yield()
    {
        Thread.Yield();
        return Errno.Success;
    }

    // The signature has a letter for each parameter: i for 32 bits, I for 64.
    private void Add(Imports imports, Store store, string name, string signature, Answer answer)
    {
        var type = new FunctionType(
            [.. signature.Select(static letter => letter == 'i' ? WasmType.I32 : WasmType.I64)], [WasmType.I32]);
        imports.Add(ModuleName, name, new WasmFunction(store, type, (caller, arguments, results) =>
        {
            try
            {
                results[0] = (int)answer(new GuestMemory(MemoryOf(caller)), new CallArguments(caller.Store, arguments));
            }
            catch (GuestFaultException)
            {
                results[0] = (int)Errno.Fault;
            }
        }));
    }

    private WasmMemory? MemoryOf(Instance caller)
    {
        if (_caller != caller)
        {
            _memory = caller.Memory("memory");
            _caller = caller;
        }

        return _memory;
    }
}
