using System.Diagnostics;

namespace Larder.Tests.Wasm.Specification;

/// <summary>
/// The official test suite of WebAssembly as modules and commands, unpacked once for a test run. It is not part of the
/// repository: it lies in <c>wasm-spec</c> of the shared directory.
/// </summary>
public sealed class SpecificationSuite : IDisposable
{
    // A group is in scope as a whole or not at all. Out of scope are garbage collection, typed function references,
    // exceptions, threads, relaxed SIMD, annotations of the text format, and all proposals.
    private static readonly string[] InScope =
    [
        "core (MVP, sign-ext, sat-float, multi-value)",
        "bulk memory",
        "reference types",
        "simd",
        "tail-call",
        "multi-memory",
        "memory64 / table64",
    ];

    private readonly Lazy<string> _directory = new(Unpack);

    /// <summary>Why the suite cannot be run here; null when it can.</summary>
    internal static string? Missing => File.Exists(Archive)
        ? null
        : "The WebAssembly suite is not here (wasm-spec in LARDER_SHARED or ../shared).";

    private static string Archive => Path.Combine(Shared(), "wasm-spec", "wasm-spec-json.tar.xz");

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_directory.IsValueCreated)
        {
            Directory.Delete(_directory.Value, recursive: true);
        }
    }

    /// <summary>The files in scope, with the numbers of commands that they must have.</summary>
    internal static IReadOnlyList<SpecificationFile> Files() =>
    [
        .. from line in File.ReadLines(Path.Combine(Shared(), "wasm-spec", "counts.tsv")).Skip(1)
           let columns = line.Split('\t')
           where InScope.Contains(columns[0])
           select new SpecificationFile(columns[0], columns[1], SpecificationCounts.Parse(columns)),
    ];

    /// <summary>The directory with a file's commands and modules.</summary>
    internal string DirectoryOf(SpecificationFile file) => Path.Combine(_directory.Value, "wasm-spec-json", file.Name);

    private static string Unpack()
    {
        var directory = Directory.CreateTempSubdirectory("larder-wasm-spec-").FullName;
        using var tar = Process.Start("tar", ["-xJf", Archive, "-C", directory]);
        tar.WaitForExit();
        return tar.ExitCode == 0
            ? directory
            : throw new InvalidOperationException($"tar could not unpack {Archive}: it ended with {tar.ExitCode}.");
    }

    private static string Shared()
    {
        if (Environment.GetEnvironmentVariable("LARDER_SHARED") is { Length: > 0 } named)
        {
            return named;
        }

        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Larder.slnx")))
        {
            at = at.Parent;
        }

        return Path.Combine(at?.FullName ?? ".", "..", "shared");
    }
}
