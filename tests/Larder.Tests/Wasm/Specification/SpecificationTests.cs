using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Larder.Wasm;

namespace Larder.Tests.Wasm.Specification;

/// <summary>
/// The official suite in every way that the engine can run a module. Every command passes or is in the list of what is
/// not supported; one that is in the list and passes is an error of the list.
/// </summary>
public sealed class SpecificationTests(SpecificationSuite suite, ITestOutputHelper output) : IClassFixture<SpecificationSuite>
{
    private const int Threads = 2;
    private const int MostShown = 60;

    [Theory]
    [InlineData("guard")]
    [InlineData("explicit")]
    [InlineData("fuel")]
    [InlineData("canonical")]
    [InlineData("deterministic")]
    [InlineData("saved")]
    public void Every_command_passes_or_is_listed(string name)
    {
        Assert.SkipWhen(SpecificationSuite.Missing is not null, SpecificationSuite.Missing ?? "");
        Assert.SkipWhen(name == "guard" && !WorksWithGuardPages(), "Guard pages do not work on this machine.");
        var configuration = SuiteConfiguration.Get(name);
        var files = SpecificationSuite.Files();
        var unsupported = UnsupportedCommands.Read(name);
        var watch = Stopwatch.StartNew();

        var results = RunAll(files, configuration);

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds:0.0} s"));
        var problems = new List<string>();
        foreach (var group in files.GroupBy(file => file.Group))
        {
            Count(group, results, problems);
        }

        var all = results.Values.SelectMany(list => list).ToList();
        problems.AddRange(all
            .Where(result => result.Failure is null == unsupported.Contains(result))
            .Select(result => result.Failure is null ? $"{result}, though it is listed as unsupported" : result.ToString()));
        problems.AddRange(unsupported.NotAmong(all).Select(place => $"{place} is listed and no command of the suite."));
        Assert.True(problems.Count == 0, Describe(problems));
    }

    // The files are independent of each other; the longest ones go first.
    private ConcurrentDictionary<string, ImmutableArray<CommandResult>> RunAll(
        IReadOnlyList<SpecificationFile> files, SuiteConfiguration configuration)
    {
        var results = new ConcurrentDictionary<string, ImmutableArray<CommandResult>>();
        Parallel.ForEach(
            Partitioner.Create(files.OrderByDescending(file => file.Counts.Assertions), EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = Threads },
            file => results[file.Name] = ScriptRunner.Run(file, suite.DirectoryOf(file), configuration));
        return results;
    }

    // Nothing may be left out silently: what was executed is what the suite's table counts, file by file.
    private void Count(
        IGrouping<string, SpecificationFile> group,
        ConcurrentDictionary<string, ImmutableArray<CommandResult>> results,
        List<string> problems)
    {
        var (wanted, passed) = (default(SpecificationCounts), default(SpecificationCounts));
        foreach (var file in group)
        {
            var executed = default(SpecificationCounts);
            foreach (var result in results[file.Name])
            {
                var one = SpecificationCounts.Of(result.Command);
                executed += one;
                passed += result.Failure is null ? one : default;
            }

            wanted += file.Counts;
            if (executed != file.Counts)
            {
                problems.Add($"{file.Name} has {executed} by the script and {file.Counts} by the table");
            }
        }

        output.WriteLine($"{group.Key}: {passed.Assertions} of {wanted.Assertions} assertions pass");
    }

    private static bool WorksWithGuardPages()
    {
        ReadOnlyMemory<byte> empty = new byte[] { 0, 0x61, 0x73, 0x6D, 1, 0, 0, 0 };
        return CompiledModule.Compile(empty).UsesGuardPages;
    }

    private static string Describe(List<string> problems)
    {
        var text = new StringBuilder($"{problems.Count} problems\n");
        text.AppendJoin('\n', problems.Take(MostShown).Select(problem => problem.Length > 400 ? problem[..400] : problem));
        return text.ToString();
    }
}
