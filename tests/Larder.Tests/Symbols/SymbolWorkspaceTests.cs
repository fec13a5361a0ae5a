using System.Collections.Immutable;
using System.Reflection;
using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Symbols;
using Larder.Symbols.Modules;
using Larder.Symbols.Search;
using Larder.Tests.Symbols.Support;
using Larder.Tests.Tiering;

namespace Larder.Tests.Symbols;

/// <summary>Loading, keeping, resolving and letting go of modules.</summary>
public sealed class SymbolWorkspaceTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly TestFolder _store = new();

    public void Dispose()
    {
        _folder.Dispose();
        _store.Dispose();
    }

    [Fact]
    public async Task A_symbol_is_told_in_full()
    {
        await using var workspace = new SymbolWorkspace();
        var module = await LoadAsync(workspace, "a.dll", Sample.Assembly("a", "Some.Class", "First"));

        var method = await workspace.GetAsync(new SymbolKey(module, "M:Some.Class.First(System.Int32,System.String[])"));
        var type = await workspace.GetAsync(new SymbolKey(module, "T:Some.Class"));
        var constant = await workspace.GetAsync(new SymbolKey(module, "F:Some.Class.Text"));
        var itself = await workspace.GetAsync(new SymbolKey(module, "A:a"));

        Assert.Equal("System.Int32 First(System.Int32 number, System.String[] texts)", method!.Function!.Signature);
        Assert.Equal(["number", "texts"], method.Function.Parameters);
        Assert.Equal(["M:Some.Class.#ctor"], type!.Type!.Constructors);
        Assert.Equal(["M:Some.Class.First(System.Int32,System.String[])"], type.Type.Methods);
        Assert.Equal(new ConstantData("System.String", "grüße"), constant!.Constant);
        Assert.Equal("1.2.3.4", itself!.Module!.Version);
        Assert.Null(await workspace.GetAsync(new SymbolKey(module, "M:Some.Class.Missing")));
        Assert.Equal(method.Function.Signature, (await workspace.GetFunctionAsync(method.Key))!.Signature);
        Assert.NotNull(await workspace.GetTypeAsync(type.Key));
        Assert.Equal(constant.Constant, await workspace.GetConstantAsync(constant.Key));
        Assert.Null(await workspace.GetFunctionAsync(type.Key));
        Assert.False(workspace.Cache.Symbols.Contains(itself.Key));
    }

    [Fact]
    public async Task A_restart_is_warm_and_what_it_says_is_the_same()
    {
        var files = ModuleFiles.OfFramework().Take(40).ToArray();
        string[] cold, warm;
        await using (var tiers = await OpenAsync())
        await using (var workspace = new SymbolWorkspace(tiers: tiers))
        {
            var report = await workspace.LoadAsync(files);
            Assert.All(report.Modules, static module => Assert.Equal(SymbolOrigin.Read, module.Origin));
            cold = await TellAsync(workspace);
        }

        await using (var tiers = await OpenAsync())
        await using (var workspace = new SymbolWorkspace(tiers: tiers))
        {
            var report = await workspace.LoadAsync(files);
            Assert.All(report.Modules, static module => Assert.Equal((SymbolOrigin.Disk, true), (module.Origin, module.IsMapped)));
            warm = await TellAsync(workspace);
            Assert.All((await workspace.LoadAsync(files)).Modules, static module => Assert.Equal(SymbolOrigin.Loaded, module.Origin));
        }

        Assert.Equal(cold, warm);
    }

    [Fact]
    public async Task A_table_that_was_damaged_on_disk_is_made_anew()
    {
        var path = _folder["a.dll"];
        await File.WriteAllBytesAsync(path, Sample.Assembly("a", "Some.Class", "First"));
        await using (var tiers = await OpenAsync())
        await using (var workspace = new SymbolWorkspace(tiers: tiers))
        {
            await workspace.LoadAsync([path]);
        }

        foreach (var file in Directory.EnumerateFiles(Path.Combine(_store.Path, "symbol-table"), "*", SearchOption.AllDirectories))
        {
            await using var stream = new FileStream(file, FileMode.Open);
            stream.Position = 500;
            stream.WriteByte(0xA5);
        }

        await using (var tiers = await OpenAsync())
        await using (var workspace = new SymbolWorkspace(tiers: tiers))
        {
            var report = await workspace.LoadAsync([path]);

            Assert.Equal(SymbolOrigin.Read, Assert.Single(report.Modules).Origin);
            Assert.Equal(1, workspace.Find(new SymbolQuery { Pattern = "First" }).Total);
        }
    }

    [Fact]
    public async Task A_foreign_artifact_under_a_tables_name_is_removed_and_not_used()
    {
        var bytes = Sample.Assembly("a", "Some.Class", "First");
        await File.WriteAllBytesAsync(_folder["a.dll"], bytes);
        var recipe = TableStore.RecipeOf(Larder.Cache.Fingerprints.Fingerprint.OfContent(bytes));
        await using var tiers = await OpenAsync();
        await tiers.PutAsync(recipe.Key, new byte[1000]);
        await using var workspace = new SymbolWorkspace(tiers: tiers);

        var report = await workspace.LoadAsync([_folder["a.dll"]]);

        Assert.Equal(SymbolOrigin.Read, Assert.Single(report.Modules).Origin);
        Assert.Empty(report.Failures);
    }

    [Fact]
    public async Task Machines_share_tables_through_the_remote_tier()
    {
        var remote = new FaultyRemoteStore();
        await File.WriteAllBytesAsync(_folder["a.dll"], Sample.Assembly("a", "Some.Class", "First"));
        await using (var tiers = await OpenAsync(remote))
        await using (var workspace = new SymbolWorkspace(tiers: tiers))
        {
            await workspace.LoadAsync([_folder["a.dll"]]);
        }

        using var other = new TestFolder();
        await using (var tiers = await OpenAsync(remote, other.Path))
        await using (var workspace = new SymbolWorkspace(tiers: tiers))
        {
            var report = await workspace.LoadAsync([_folder["a.dll"]]);

            Assert.NotEqual(SymbolOrigin.Read, Assert.Single(report.Modules).Origin);
        }
    }

    [Fact]
    public async Task Equal_names_in_two_modules_stay_apart_and_one_that_changes_takes_only_its_own()
    {
        await using var workspace = new SymbolWorkspace();
        var a = await LoadAsync(workspace, "a.dll", Sample.Assembly("a", "Some.Class", "Same"));
        var b = await LoadAsync(workspace, "b.dll", Sample.Assembly("b", "Some.Class", "Same"));
        const string Id = "M:Some.Class.Same(System.Int32,System.String[])";
        var inA = await workspace.GetAsync(new SymbolKey(a, Id));
        var inB = await workspace.GetAsync(new SymbolKey(b, Id));
        Assert.NotEqual(inA!.Key, inB!.Key);

        var newer = await LoadAsync(workspace, "a.dll", Sample.Assembly("a", "Some.Class", "Other"));

        Assert.NotEqual(a, newer);
        Assert.False(workspace.Cache.Symbols.Contains(inA.Key));
        Assert.True(workspace.Cache.Symbols.Contains(inB.Key));
        Assert.Null(await workspace.GetAsync(inA.Key));
        Assert.Null(await workspace.GetAsync(new SymbolKey(newer, Id)));
        Assert.Same(inB, await workspace.GetAsync(inB.Key));
    }

    [Fact]
    public async Task A_forwarded_type_is_found_where_it_is_and_goes_with_either_module()
    {
        await using var workspace = new SymbolWorkspace();
        var core = await LoadAsync(workspace, "core.dll", Sample.Assembly("core", "Some.Class", "First"));
        var facade = await LoadAsync(workspace, "facade.dll", Forwarder("facade", "core", "Some", "Class"));
        var other = await LoadAsync(workspace, "other.dll", Sample.Assembly("other", "Else", "First"));
        var through = new SymbolKey(facade, "M:Some.Class.First(System.Int32,System.String[])");
        var kept = new SymbolKey(other, "M:Else.First(System.Int32,System.String[])");

        var found = await workspace.GetAsync(through);
        await workspace.GetAsync(kept);

        Assert.Equal(core, found!.Key.Module);
        Assert.True(workspace.Cache.Symbols.Contains(through));
        await LoadAsync(workspace, "core.dll", Sample.Assembly("core", "Some.Class", "Second"));
        Assert.False(workspace.Cache.Symbols.Contains(through));
        Assert.True(workspace.Cache.Symbols.Contains(kept));
        Assert.Null(await workspace.GetAsync(through));
        Assert.NotNull(await workspace.GetAsync(new SymbolKey(facade, "M:Some.Class.Second(System.Int32,System.String[])")));
        Assert.Equal("T:Some.Class", (await workspace.GetAsync(new SymbolKey(facade, "T:Some.Class")))!.Key.Id);
    }

    [Fact]
    public async Task Prefetching_brings_what_a_module_exports()
    {
        await using var workspace = new SymbolWorkspace();
        var module = await LoadAsync(workspace, "a.dll", Sample.Assembly("a", "Some.Class", "First", "Second"));

        var made = await workspace.PrefetchAsync(module);

        // The module and what is private stay out: one type, a constructor, two methods, two constants.
        Assert.Equal(6, workspace.Cache.Symbols.Count);
        Assert.True(made >= 6);
        Assert.False(workspace.Cache.Symbols.Contains(new SymbolKey(module, "F:Some.Class._hidden")));
    }

    [Fact]
    public async Task Loading_anew_while_prefetching_and_searching_leaves_one_state()
    {
        await using var workspace = new SymbolWorkspace();
        var contents = Enumerable.Range(0, 3)
            .Select(static i => Sample.Assembly("a", "Some.Class", [.. Enumerable.Range(0, 100).Select(j => $"Version{i}Method{j}")])).ToArray();
        var module = await LoadAsync(workspace, "a.dll", contents[0]);
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var found = workspace.Find(new SymbolQuery { Pattern = "Version", Limit = 200 });
                Assert.Equal(100, found.Total);
                Assert.Single(found.Hits.Select(static hit => hit.Name[..8]).Distinct());
                foreach (var hit in found.Hits.Take(20))
                {
                    await workspace.GetAsync(hit.Key);
                }

                try
                {
                    await workspace.PrefetchAsync(found.Hits[0].Key.Module);
                }
                catch (AggregateException)
                {
                    // It was replaced meanwhile.
                }
                catch (OperationCanceledException)
                {
                    // It was replaced meanwhile.
                }
            }
        })).ToArray();

        for (var round = 0; round < 20; round++)
        {
            var before = module;
            module = await LoadAsync(workspace, "a.dll", contents[(round + 1) % contents.Length]);
            await Task.Delay(5);
            Assert.DoesNotContain(
                workspace.Modules, loaded => loaded.Id.Equals(before) && !before.Equals(module));
        }

        await stop.CancelAsync();
        await Task.WhenAll(readers);
        workspace.Cache.CheckIntegrity();
        Assert.All(contents.Length == 3 ? workspace.Modules : [], loaded => Assert.Equal(module, loaded.Id));
    }

    [Fact]
    public async Task Documentation_is_read_beside_the_module()
    {
        await using var workspace = new SymbolWorkspace();
        var module = await LoadAsync(workspace, "a.dll", Sample.Assembly("a", "Some.Class", "First"));
        await File.WriteAllTextAsync(
            _folder["a.xml"],
            """
            <?xml version="1.0"?>
            <doc><members>
              <member name="T:Some.Class"><summary>A <b>class</b> &amp; more,
                like <see cref="T:System.String"/>.</summary></member>
              <member name="M:Some.Class.First(System.Int32,System.String[])"><summary>Does it.</summary>
                <param name="number">How often.</param><returns>What it was given.</returns></member>
            </members></doc>
            """);

        var type = await workspace.DescribeAsync(new SymbolKey(module, "T:Some.Class"));
        var method = await workspace.DescribeAsync(new SymbolKey(module, "M:Some.Class.First(System.Int32,System.String[])"));
        var constant = await workspace.DescribeAsync(new SymbolKey(module, "F:Some.Class.Text"));

        Assert.Equal("A class & more, like System.String.", type!.Documentation);
        Assert.Equal("Does it.\nnumber: How often.\nReturns: What it was given.", string.Join('\n', method!.Documentation!.Split('\n').Select(static line => line.Trim())));
        Assert.Null(constant!.Documentation);
    }

    [Fact]
    public async Task The_place_in_source_code_is_that_of_the_debugging_symbols()
    {
        await using var workspace = new SymbolWorkspace();
        await workspace.LoadAsync([typeof(TieredCache).Assembly.Location]);

        var key = Assert.Single(workspace.Resolve("M:Larder.Cache.CacheException.#ctor(Larder.Cache.CacheErrorKind,System.String,System.Exception)"));
        var symbol = await workspace.DescribeAsync(key);

        Assert.EndsWith("CacheException.cs", symbol!.Location!.File, StringComparison.Ordinal);
        Assert.InRange(symbol.Location.Line, 5, 60);
    }

    [Theory]
    [InlineData("M:System.String.Trim", 1)]
    [InlineData("System.String.Trim(System.Char)", 1)]
    [InlineData("System.DayOfWeek", 1)]
    [InlineData("System.Collections.Generic.List.Enumerator", 1)]
    [InlineData("Generic.List..ctor", 3)]
    [InlineData("T:System.Nothing", 0)]
    public async Task Names_are_resolved_as_people_write_them(string name, int count)
    {
        await using var workspace = new SymbolWorkspace();
        await workspace.LoadAsync([typeof(object).Assembly.Location]);

        Assert.Equal(count, workspace.Resolve(name).Count);
        foreach (var method in (string[])["System.String.Trim", "String.Trim", "string.trim"])
        {
            Assert.Equal(typeof(string).GetMember("Trim").Length, workspace.Resolve(method).Count);
        }
    }

    [Fact]
    public async Task Files_folders_and_solutions_stand_for_their_modules()
    {
        Directory.CreateDirectory(_folder["sub"]);
        await File.WriteAllBytesAsync(_folder["sub/a.dll"], Sample.Assembly("a", "A"));
        await File.WriteAllTextAsync(_folder["sub/b.txt"], "no module");
        Directory.CreateDirectory(_folder["One/bin/Release/net10.0"]);
        await File.WriteAllBytesAsync(_folder["One/bin/Release/net10.0/One.dll"], Sample.Assembly("One", "A"));
        await File.WriteAllBytesAsync(_folder["One/bin/Release/net10.0/Library.dll"], Sample.Assembly("Library", "A"));
        Directory.CreateDirectory(_folder["artifacts/bin/Two/debug"]);
        await File.WriteAllBytesAsync(_folder["artifacts/bin/Two/debug/Two.dll"], Sample.Assembly("Two", "A"));
        await File.WriteAllTextAsync(_folder["All.slnx"], """<Solution><Project Path="One/One.csproj" /><Project Path="src/Two/Two.csproj" /></Solution>""");
        await File.WriteAllTextAsync(_folder["Empty.slnx"], """<Solution><Project Path="Three/Three.csproj" /></Solution>""");

        Assert.Equal([_folder["sub/a.dll"]], ModuleFiles.Of(_folder["sub"]));
        Assert.Equal([_folder["sub/b.txt"]], ModuleFiles.Of(_folder["sub/b.txt"]));
        Assert.Equal(
            ["Library.dll", "One.dll", "Two.dll"],
            ModuleFiles.Of(_folder["All.slnx"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("was built", Assert.Throws<SymbolsException>(() => ModuleFiles.Of(_folder["Empty.slnx"])).Message, StringComparison.Ordinal);
        Assert.Equal(SymbolsErrorKind.Unavailable, Assert.Throws<SymbolsException>(() => ModuleFiles.Of(_folder["none"])).Kind);
        Assert.True(ModuleFiles.OfFramework().Count > 250);
    }

    private static byte[] Forwarder(string name, string target, string space, string type)
    {
        var metadata = new System.Reflection.Metadata.Ecma335.MetadataBuilder();
        metadata.AddModule(0, metadata.GetOrAddString(name + ".dll"), metadata.GetOrAddGuid(Guid.NewGuid()), default, default);
        metadata.AddAssembly(metadata.GetOrAddString(name), new Version(1, 0, 0, 0), default, default, default, default);
        metadata.AddTypeDefinition(
            default, default, metadata.GetOrAddString("<Module>"), default,
            System.Reflection.Metadata.Ecma335.MetadataTokens.FieldDefinitionHandle(1),
            System.Reflection.Metadata.Ecma335.MetadataTokens.MethodDefinitionHandle(1));
        var reference = metadata.AddAssemblyReference(metadata.GetOrAddString(target), new Version(1, 0, 0, 0), default, default, default, default);
        metadata.AddExportedType((TypeAttributes)0x00200000, metadata.GetOrAddString(space), metadata.GetOrAddString(type), reference, 0);
        var image = new System.Reflection.Metadata.BlobBuilder();
        new System.Reflection.PortableExecutable.ManagedPEBuilder(
            new System.Reflection.PortableExecutable.PEHeaderBuilder(imageCharacteristics: System.Reflection.PortableExecutable.Characteristics.Dll),
            new System.Reflection.Metadata.Ecma335.MetadataRootBuilder(metadata),
            new System.Reflection.Metadata.BlobBuilder()).Serialize(image);
        return image.ToArray();
    }

    private static async Task<string[]> TellAsync(SymbolWorkspace workspace)
    {
        var told = new List<string>();
        foreach (var hit in workspace.Find(new SymbolQuery { Pattern = "Get", IncludesHidden = true, Limit = 1000 }).Hits)
        {
            told.Add($"{hit.Key.Id} {hit.Match} {(await workspace.GetAsync(hit.Key))!.Function?.Signature}");
        }

        return [.. told];
    }

    private async Task<ModuleId> LoadAsync(SymbolWorkspace workspace, string name, byte[] bytes)
    {
        await File.WriteAllBytesAsync(_folder[name] + ".new", bytes);
        File.Move(_folder[name] + ".new", _folder[name], overwrite: true);
        var report = await workspace.LoadAsync([_folder[name]]);
        Assert.Empty(report.Failures);
        return report.Modules[0].Id;
    }

    private ValueTask<TieredCache> OpenAsync(FaultyRemoteStore? remote = null, string? directory = null) => TieredCache.OpenAsync(new CacheOptions
    {
        Memory = null,
        Disk = new DiskTierOptions { Directory = directory ?? _store.Path, CapacityBytes = 1L << 30 },
        Remote = remote is null ? null : new Larder.Cache.Remote.RemoteTierOptions { Store = remote },
        Kinds = SymbolKinds.Complete(ImmutableSortedDictionary<string, KindOptions>.Empty),
    });
}
