using Larder.Node;
using Larder.Node.Configuration;

namespace Larder.Tests.Node;

public sealed class ConfigurationTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("larder-config-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Nothing_said_gives_the_defaults()
    {
        var configuration = Load(environment: new() { ["HOME"] = "/users/someone" });

        Assert.Equal("127.0.0.1:7070", configuration.Options.Listen.ToString());
        Assert.Equal("/users/someone/.cache/larder", configuration.Options.DataDirectory);
        Assert.All(configuration.Describe(), static setting => Assert.Equal(SettingOrigin.Default, setting.Origin));
        Assert.All(configuration.Describe(), static setting => Assert.EndsWith(".", setting.Help, StringComparison.Ordinal));
        Assert.Equal(16L * 1024 * 1024 * 1024, configuration.Options.Limits.BodyBytes);
    }

    [Fact]
    public void Flags_beat_the_environment_which_beats_the_file()
    {
        var file = Write("""
            {
              // Comments are fine.
              "memory": { "capacity": "1GiB", "maxEntries": 1000 },
              "disk": { "capacity": "100GiB" },
              "limits": { "keepAlive": "3m", "min-upload-rate": "1KiB" },
            }
            """);

        var configuration = Load(
            file,
            environment: new() { ["LARDER_DISK__CAPACITY"] = "200GiB", ["LARDER_LIMITS__KEEP_ALIVE"] = "4m" },
            flags: new() { ["disk-capacity"] = "300GiB" });

        Assert.Equal(1L << 30, configuration.Options.MemoryCapacityBytes);
        Assert.Equal(1000, configuration.Options.MemoryMaxEntries);
        Assert.Equal(300L << 30, configuration.Options.DiskCapacityBytes);
        Assert.Equal(TimeSpan.FromMinutes(4), configuration.Options.Limits.KeepAlive);
        Assert.Equal(1024, configuration.Options.Limits.MinUploadBytesPerSecond);
        Assert.Equal((SettingOrigin.File, file), Origin(configuration, "memory.capacity"));
        Assert.Equal((SettingOrigin.Environment, "LARDER_LIMITS__KEEP_ALIVE"), Origin(configuration, "limits.keep-alive"));
        Assert.Equal((SettingOrigin.Flag, "--disk-capacity"), Origin(configuration, "disk.capacity"));
    }

    [Fact]
    public void The_older_names_of_the_environment_are_honoured()
    {
        var configuration = Load(environment: new() { ["CACHE_DIR"] = "/var/cache/x", ["MAX_CACHE_SIZE_BYTES"] = "12345" });
        var overridden = Load(environment: new() { ["CACHE_DIR"] = "/var/cache/x", ["LARDER_DATA"] = "/var/cache/y" });

        Assert.Equal("/var/cache/x", configuration.Options.DataDirectory);
        Assert.Equal(12345, configuration.Options.Handlers.Runtime.Compiler.CapacityBytes);
        Assert.Equal("/var/cache/y", overridden.Options.DataDirectory);
    }

    [Fact]
    public void A_deployment_of_the_other_product_runs_unchanged()
    {
        var configuration = Load(environment: new()
        {
            ["HTTP_PORT"] = "3000", ["WS_PORT"] = "3001", ["HOST"] = "0.0.0.0", ["CACHE_DIR"] = "/tmp/nexus-cache",
            ["MAX_INSTANCES"] = "12", ["MIN_INSTANCES"] = "3", ["MEMORY_LIMIT_MB"] = "64", ["TIMEOUT_MS"] = "2500",
            ["MAX_HOST_CALLS"] = "1000", ["AUTH_ENABLED"] = "true", ["JWT_SECRET"] = "a-secret-of-some-length",
            ["CORS_ORIGINS"] = "https://a.example, http://b.example:8080", ["BODY_LIMIT"] = "2mb", ["HTTP_MAX_CONCURRENT"] = "5",
            ["HTTP_TIMEOUT"] = "12000", ["HTTP_ALLOWED_DOMAINS"] = "api.example,1.1.1.1", ["LOG_LEVEL"] = "info", ["LOG_PRETTY"] = "false",
        });
        var options = configuration.Options;

        Assert.Equal("0.0.0.0:3000", options.Listen.ToString());
        Assert.Equal(3001, options.Panels.WebSocketPort);
        Assert.Equal("/tmp/nexus-cache", options.DataDirectory);
        Assert.Equal((12, 3, 64L << 20), (options.Handlers.Runtime.MaxInstances, options.Handlers.Runtime.MinInstances, options.Handlers.Runtime.MemoryLimitBytes));
        Assert.Equal((TimeSpan.FromSeconds(2.5), 1000), (options.Handlers.Runtime.Limits.Timeout, options.Handlers.Runtime.Limits.HostCalls));
        Assert.Equal((true, "a-secret-of-some-length"), (options.AuthEnabled, options.JwtSecret));
        Assert.Equal(["https://a.example", "http://b.example:8080"], options.Handlers.CorsOrigins);
        Assert.Equal(2_000_000, options.Handlers.BodyBytes);
        Assert.Equal((5, TimeSpan.FromSeconds(12)), (options.Handlers.Http.MaxConcurrent, options.Handlers.Http.Timeout));
        Assert.Equal(["api.example", "1.1.1.1"], options.Handlers.Http.AllowedDomains);
        Assert.Equal((Microsoft.Extensions.Logging.LogLevel.Information, false), (options.LogLevel, options.LogPretty));
        Assert.Equal((SettingOrigin.Environment, "TIMEOUT_MS"), Origin(configuration, "handlers.timeout"));
        Assert.Equal((SettingOrigin.Environment, "HOST:$HTTP_PORT"), Origin(configuration, "listen"));
        Assert.DoesNotContain(configuration.Describe(), static setting => setting.Value.Contains("a-secret", StringComparison.Ordinal));
    }

    [Fact]
    public void The_products_own_names_beat_the_others()
    {
        var configuration = Load(environment: new()
        {
            ["HTTP_PORT"] = "3000", ["LARDER_LISTEN"] = "127.0.0.1:4000", ["TIMEOUT_MS"] = "1", ["LARDER_HANDLERS__TIMEOUT"] = "7s",
        });

        Assert.Equal(4000, configuration.Options.Listen.Port);
        Assert.Equal(TimeSpan.FromSeconds(7), configuration.Options.Handlers.Runtime.Limits.Timeout);
    }

    [Fact]
    public void The_name_of_the_machine_and_services_of_a_cluster_mean_nothing()
    {
        var configuration = Load(environment: new()
        {
            ["HOST"] = "my-machine", ["WS_PORT"] = "tcp://10.0.0.1:80", ["JWT_SECRET"] = "", ["LOG_LEVEL"] = "",
        });
        var service = Load(environment: new() { ["HTTP_PORT"] = "tcp://10.0.0.1:80", ["HOST"] = "my-machine" });

        Assert.All(configuration.Describe(), static setting => Assert.Equal(SettingOrigin.Default, setting.Origin));
        Assert.Equal(7070, service.Options.Listen.Port);
    }

    [Theory]
    [InlineData("HTTP_PORT", "0", "HTTP_PORT: the port must be a number from 1 to 65535; it is '0'.")]
    [InlineData("HTTP_PORT", "70000", "HTTP_PORT: the port must be a number from 1 to 65535; it is '70000'.")]
    [InlineData("MAX_INSTANCES", "0", "MAX_INSTANCES: handlers.max-instances must be a number from 1 to 100000; it is '0'.")]
    [InlineData("MEMORY_LIMIT_MB", "0.5", "MEMORY_LIMIT_MB: handlers.memory-limit must be a size from 1MiB to 2GiB, such as 32MiB; it is '0.5MiB'.")]
    [InlineData("TIMEOUT_MS", "soon", "TIMEOUT_MS: handlers.timeout must be a time such as 250ms, 2s or 5m; it is 'soonms'.")]
    [InlineData("JWT_SECRET", "short", "JWT_SECRET: auth.jwt-secret must be a secret of at least 16 bytes.")]
    [InlineData("CORS_ORIGINS", "example.com", "CORS_ORIGINS: handlers.cors-origins must be origins such as https://app.example, or *, separated by commas; it is 'example.com'.")]
    [InlineData("LOG_LEVEL", "loud", "LOG_LEVEL: log.level must be trace, debug, info, warn, error or none; it is 'loud'.")]
    public void A_mistake_in_the_environment_is_a_sentence(string variable, string value, string sentence)
    {
        var error = Assert.Throws<NodeException>(() => Load(environment: new() { [variable] = value }));

        Assert.Equal(sentence, error.Message);
    }

    [Fact]
    public void The_file_is_found_where_the_user_keeps_such_files()
    {
        Directory.CreateDirectory(Path.Combine(_directory, "larder"));
        File.WriteAllText(Path.Combine(_directory, "larder", "larder.json"), """{ "listen": "127.0.0.1:1234" }""");

        var configuration = Load(environment: new() { ["XDG_CONFIG_HOME"] = _directory });

        Assert.Equal(1234, configuration.Options.Listen.Port);
    }

    [Theory]
    [InlineData("""{ "memory": { "capacty": 5 } }""", "there is no setting 'memory.capacty'; did you mean 'memory.capacity'?")]
    [InlineData("""{ "memory": { "capacity": "lots" } }""", "memory.capacity must be a size such as 512MiB, 4GiB or a number of bytes; it is 'lots'.")]
    [InlineData("""{ "listen": "here" }""", "listen must be an address with a port")]
    [InlineData("""{ "limits": { "keepAlive": 5 } }""", "limits.keep-alive must be a time")]
    [InlineData("""{ "log": { "access": "maybe" } }""", "log.access must be true or false; it is 'maybe'.")]
    [InlineData("""[1]""", "must hold one JSON object")]
    [InlineData("""{ "listen": """, "line 1: this is not JSON")]
    [InlineData("""{ "kinds": { "bazel-cas": { "memry": true } } }""", "kinds.bazel-cas.memry is not a setting of a kind")]
    [InlineData("""{ "kinds": { "bazel-cas": { "memory": "x" } } }""", "kinds.bazel-cas.memory must be true or false")]
    public void A_mistake_in_the_file_is_a_sentence(string json, string sentence)
    {
        var file = Write(json);

        var error = Assert.Throws<NodeException>(() => Load(file));

        Assert.Equal(NodeErrorKind.Configuration, error.Kind);
        Assert.Contains(sentence, error.Message, StringComparison.Ordinal);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Every_mistake_is_told_at_once()
    {
        var file = Write("""{ "listen": "here", "nothing": 1 }""");

        var error = Assert.Throws<NodeException>(
            () => Load(file, environment: new() { ["LARDER_DISK__CAPACITY"] = "x" }, flags: new() { ["data"] = "" }));

        Assert.Equal(4, error.Message.Split('\n').Length);
    }

    [Fact]
    public void A_file_that_was_named_must_exist()
    {
        var error = Assert.Throws<NodeException>(() => Load(Path.Combine(_directory, "absent.json")));

        Assert.Contains("cannot be read", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_that_others_set_are_left_alone()
    {
        var configuration = Load(environment: new() { ["LARDER_SERVICE_HOST"] = "10.0.0.1", ["LARDER_PORT"] = "tcp://10.0.0.1:80" });

        Assert.All(configuration.Describe(), static setting => Assert.Equal(SettingOrigin.Default, setting.Origin));
        var error = Assert.Throws<NodeException>(() => Load(environment: new() { ["LARDER_MEMORY__SIZE"] = "1" }));
        Assert.Contains("LARDER_MEMORY__SIZE", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Kinds_are_treated_as_told()
    {
        var configuration = Load(
            Write("""{ "kinds": { "bazel-cas": { "memory": false, "maxEntry": "1GiB" } } }"""),
            environment: new() { ["LARDER_KINDS__BAZEL_CAS__REMOTE"] = "false" });

        var kind = configuration.Options.Kinds["bazel-cas"];
        Assert.False(kind.Memory);
        Assert.False(kind.Remote);
        Assert.True(kind.Disk);
        Assert.Equal(1L << 30, kind.MaxEntryBytes);
        Assert.Contains(configuration.Describe(), static setting => setting.Name == "kinds.bazel-cas");
    }

    [Fact]
    public void Secrets_are_never_shown()
    {
        var tokens = Path.Combine(_directory, "tokens");
        File.WriteAllText(tokens, "# for the farm\nfile-secret-1;ccache=rw\n\nfile-secret-2 # everything\n");

        var configuration = Load(flags: new()
        {
            ["auth.tokens"] = "flag-secret-1,flag-secret-2;bazel=r",
            ["auth.tokens-file"] = tokens,
            ["upstream.url"] = "http://me:url-secret@cache.example/x",
            ["upstream.token"] = "upstream-secret",
        });

        Assert.Equal(4, configuration.Options.Tokens.Length);
        Assert.All(configuration.Describe(), static setting => Assert.DoesNotContain("secret", setting.Value, StringComparison.Ordinal));
        Assert.Contains("bazel=r", Assert.Single(configuration.Describe(), static setting => setting.Name == "auth.tokens").Value, StringComparison.Ordinal);
        var error = Assert.Throws<NodeException>(() => Load(flags: new() { ["auth.tokens"] = "secret:with:colons" }));
        Assert.DoesNotContain("with:colons", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mistake_in_the_tokens_file_names_its_line()
    {
        var tokens = Path.Combine(_directory, "tokens");
        File.WriteAllText(tokens, "good-secret\nbad\n");

        var error = Assert.Throws<NodeException>(() => Load(flags: new() { ["auth-tokens-file"] = tokens }));

        Assert.Contains("line 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_shown_can_be_read_again()
    {
        var first = Load(flags: new()
        {
            ["memory.capacity"] = "123456789", ["disk.capacity"] = "1.5GiB", ["limits.keep-alive"] = "90s",
            ["deadline.lookup"] = "250ms", ["disk.max-entries"] = "77", ["listen"] = "[::1]:0", ["log.access"] = "yes",
        });

        var again = Load(flags: first.Describe()
            .Where(static setting => setting.Value.Length > 0)
            .ToDictionary(static setting => setting.Name, static setting => setting.Value));

        Assert.Equal(
            first.Describe().Select(static setting => (setting.Name, setting.Value)),
            again.Describe().Select(static setting => (setting.Name, setting.Value)));
    }

    [Theory]
    [InlineData("512MiB", 512L << 20)]
    [InlineData("1.5 GiB", 3L << 29)]
    [InlineData("10MB", 10_000_000)]
    [InlineData("4G", 4L << 30)]
    [InlineData("0", 0)]
    [InlineData("17b", 17)]
    public void Sizes_are_read(string text, long bytes)
    {
        Assert.True(Quantity.TryParseBytes(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-5")]
    [InlineData("GiB")]
    [InlineData("5XiB")]
    [InlineData("9999999999999TiB")]
    [InlineData("1e5")]
    public void What_is_no_size_is_refused(string text) => Assert.False(Quantity.TryParseBytes(text, out _));

    [Theory]
    [InlineData("7070")]
    [InlineData("host.example:7070")]
    [InlineData("127.0.0.1:99999")]
    [InlineData("::1:7070")]
    public void What_is_no_endpoint_is_refused(string text) => Assert.False(Quantity.TryParseEndpoint(text, out _));

    private static (SettingOrigin, string?) Origin(NodeConfiguration configuration, string name)
    {
        var setting = Assert.Single(configuration.Describe(), setting => setting.Name == name);
        return (setting.Origin, setting.Source);
    }

    private static NodeConfiguration Load(
        string? file = null, Dictionary<string, string>? environment = null, Dictionary<string, string>? flags = null) =>
        NodeConfiguration.Load(new ConfigurationSources { File = file, Environment = environment ?? [], Flags = flags ?? [] });

    private string Write(string json)
    {
        var file = Path.Combine(_directory, $"{Guid.NewGuid():N}.json");
        File.WriteAllText(file, json);
        return file;
    }
}
