using System.Globalization;
using System.Text;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Ccache;

/// <summary>
/// A C project of some forty units with shared headers, and ccache set up for it. The program prints a number that is
/// computed by every unit, so that one wrong object shows.
/// </summary>
internal sealed class CProject
{
    public const int Units = 40;

    private const int FunctionsPerUnit = 60;

    private readonly string _root;

    public CProject(string root)
    {
        _root = root;
        Directory.CreateDirectory(root);
        Write();
    }

    /// <summary>Where ccache keeps what it has itself.</summary>
    public string LocalCache => _root + "-ccache";

    public string Program => Path.Combine(_root, "program");

    /// <summary>Number of objects that are built so far.</summary>
    public int Objects => Directory.EnumerateFiles(_root, "*.o").Count();

    /// <summary>Removes what was built and what ccache keeps locally; only the remote knows the objects then.</summary>
    public void Forget()
    {
        foreach (var file in Directory.EnumerateFiles(_root, "*.o").Append(Program))
        {
            File.Delete(file);
        }

        if (Directory.Exists(LocalCache))
        {
            Directory.Delete(LocalCache, recursive: true);
        }
    }

    /// <summary>Builds everything; <paramref name="remote"/> is the value of <c>CCACHE_REMOTE_STORAGE</c>.</summary>
    public Task<ProgramRun> BuildAsync(string remote) => ProgramRun.OfAsync(new ProgramStart("make", "-s", "-j4", "CC=ccache gcc")
    {
        Directory = _root,
        Environment = Ccache(remote),
        Timeout = TimeSpan.FromMinutes(5),
    });

    /// <summary>Builds, and asserts that the program is right and what ccache counted.</summary>
    public async Task<CcacheCounters> BuildRightAsync(string remote)
    {
        (await BuildAsync(remote)).Succeeded();
        await AssertProgramIsRightAsync();
        return await CountersAsync(remote);
    }

    public async Task AssertProgramIsRightAsync()
    {
        var run = (await ProgramRun.OfAsync(new ProgramStart(Program))).Succeeded();

        Assert.Equal(Expected().ToString(CultureInfo.InvariantCulture), run.Text.Trim());
    }

    public async Task<CcacheCounters> CountersAsync(string remote)
    {
        var run = (await ProgramRun.OfAsync(new ProgramStart("ccache", "--print-stats") { Environment = Ccache(remote) })).Succeeded();
        return CcacheCounters.Parse(run.Text);
    }

    private Dictionary<string, string?> Ccache(string remote) => new()
    {
        ["CCACHE_DIR"] = LocalCache,
        ["CCACHE_CONFIGPATH"] = "/dev/null",
        ["CCACHE_REMOTE_STORAGE"] = remote,
    };

    private static long Expected()
    {
        var sum = 0L;
        for (var unit = 0; unit < Units; unit++)
        {
            for (var function = 0; function < FunctionsPerUnit; function++)
            {
                sum += (unit * 31L) + function;
            }
        }

        return sum;
    }

    private void Write()
    {
        var header = new StringBuilder("#ifndef PARTS_H\n#define PARTS_H\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n");
        var main = new StringBuilder("#include \"parts.h\"\nint main(void) {\n  long sum = 0;\n");
        for (var unit = 0; unit < Units; unit++)
        {
            header.Append(CultureInfo.InvariantCulture, $"long part_{unit}(void);\n");
            main.Append(CultureInfo.InvariantCulture, $"  sum += part_{unit}();\n");
            File.WriteAllText(Path.Combine(_root, $"part_{unit}.c"), Unit(unit));
        }

        header.Append("#endif\n");
        main.Append("  printf(\"%ld\\n\", sum);\n  return 0;\n}\n");
        File.WriteAllText(Path.Combine(_root, "parts.h"), header.ToString());
        File.WriteAllText(Path.Combine(_root, "main.c"), main.ToString());
        File.WriteAllText(
            Path.Combine(_root, "Makefile"),
            """
            SOURCES := $(wildcard *.c)
            OBJECTS := $(SOURCES:.c=.o)
            program: $(OBJECTS)
            	gcc -o $@ $(OBJECTS)
            %.o: %.c parts.h
            	$(CC) -O1 -c $< -o $@

            """);
    }

    private static string Unit(int unit)
    {
        var text = new StringBuilder("#include \"parts.h\"\n");
        for (var function = 0; function < FunctionsPerUnit; function++)
        {
            text.Append(CultureInfo.InvariantCulture, $"static long f{function}(long x) {{ volatile long y = x; return y + {function}; }}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"long part_{unit}(void) {{\n  long sum = 0;\n");
        for (var function = 0; function < FunctionsPerUnit; function++)
        {
            text.Append(CultureInfo.InvariantCulture, $"  sum += f{function}({unit * 31L});\n");
        }

        return text.Append("  return sum;\n}\n").ToString();
    }
}
