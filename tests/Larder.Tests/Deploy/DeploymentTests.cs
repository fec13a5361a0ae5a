using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Larder.Handlers.Diagnostics;
using Larder.Handlers.Pooling;
using Larder.Node.Telemetry;
using Larder.Tests.Handlers.Diagnostics;
using Larder.Tests.Node;
using Larder.Tests.Repository;
using Larder.Tests.Support;

namespace Larder.Tests.Deploy;

/// <summary>What is in <c>deploy/</c> fits together, and fits the program: no cluster is at hand to say so.</summary>
public sealed partial class DeploymentTests
{
    private const long MiB = 1024 * 1024;

    [Fact]
    public void Settings_and_sizes_are_right() => Assert.Empty(new DeploymentFiles().Problems());

    [Theory]
    [InlineData("resources.limits.memory", "900Mi", "memory limit")]
    [InlineData("resources.requests.memory", "256Mi", "memory request")]
    [InlineData("resources.requests.memory", "2Gi", "memory request")]
    public void A_container_that_is_too_small_is_found(string path, string value, string found)
    {
        var files = new DeploymentFiles();
        files.Container.Set(path, value);

        Assert.Contains(files.Problems(), problem => problem.Contains(found, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("MAX_INSTANCES", "20", "memory limit")]
    [InlineData("MEMORY_LIMIT_MB", "64", "memory limit")]
    [InlineData("MAX_CACHE_SIZE_BYTES", "268435456", "memory limit")]
    [InlineData("LARDER_DISK__CAPACITY", "128MiB", "volume")]
    [InlineData("LARDER_HANDLERS__MAX_SUSPENDED_MEMORY", "256MiB", "memory limit")]
    public void Settings_that_outgrow_the_container_are_found(string name, string value, string found)
    {
        var files = new DeploymentFiles();
        files.ConfigMap.Set("data." + name, value);

        Assert.Contains(files.Problems(), problem => problem.Contains(found, StringComparison.Ordinal));
    }

    [Fact]
    public void A_larger_volume_in_memory_needs_a_larger_limit()
    {
        var files = new DeploymentFiles();
        files.Pod.Set("volumes.0.emptyDir.sizeLimit", "256Mi");

        Assert.Contains(files.Problems(), problem => problem.Contains("memory limit", StringComparison.Ordinal));
    }

    [Fact]
    public void The_document_s_figures_are_the_node_s_settings()
    {
        var options = new DeploymentFiles().Options();

        Assert.Equal(new IPEndPoint(IPAddress.Any, 3000), options.Listen);
        Assert.Equal("/tmp/nexus-cache", options.DataDirectory);
        Assert.Equal(64 * MiB, options.Handlers.Runtime.Compiler.CapacityBytes);
        Assert.Equal(10, options.Handlers.Runtime.MaxInstances);
        Assert.Equal(2, options.Handlers.Runtime.MinInstances);
        Assert.Equal(32 * MiB, options.Handlers.Runtime.MemoryLimitBytes);
        Assert.Equal(TimeSpan.FromSeconds(5), options.Handlers.Runtime.Limits.Timeout);
        Assert.Equal(1000, options.Handlers.Runtime.Limits.HostCalls);
        Assert.Equal(10, options.Handlers.Http.MaxConcurrent);
        Assert.Equal(TimeSpan.FromSeconds(30), options.Handlers.Http.Timeout);
        Assert.True(options.OpenMetrics);
    }

    [Fact]
    public void The_cache_lies_on_the_volume_of_the_document()
    {
        var files = new DeploymentFiles();
        var volume = files.Pod.Items("volumes").Single();
        var mount = files.Container.Items("volumeMounts").Single();

        Assert.Equal("Memory", volume.Text("emptyDir.medium"));
        Assert.Equal(128 * MiB, DeploymentFiles.Bytes(volume.Text("emptyDir.sizeLimit")));
        Assert.Equal(volume.Text("name"), mount.Text("name"));
        Assert.Equal(files.Options().DataDirectory, mount.Text("mountPath"));
    }

    [Fact]
    public void One_port_leads_all_the_way()
    {
        var files = new DeploymentFiles();
        var port = files.Container.Items("ports").Single();
        var annotations = files.Deployment.At("spec.template.metadata").Map("annotations");

        Assert.Equal(files.Options().Listen.Port, port.Number("containerPort"));
        Assert.Equal(port.Text("name"), files.Service.Text("spec.ports.0.targetPort"));
        Assert.Equal(port.Text("containerPort"), annotations["prometheus.io/port"]);
        Assert.All(files.NetworkPolicy.Items("spec.ingress"), rule => Assert.Equal(port.Text("containerPort"), rule.Text("ports.0.port")));
        Assert.All(files.Ingress.Items("spec.rules.0.http.paths"), path =>
        {
            Assert.Equal(files.Service.Name, path.Text("backend.service.name"));
            Assert.Equal(files.Service.Text("spec.ports.0.name"), path.Text("backend.service.port.name"));
        });
        foreach (var probe in (string[])["startupProbe", "livenessProbe", "readinessProbe"])
        {
            Assert.Equal(port.Text("name"), files.Container.Text(probe + ".httpGet.port"));
        }
    }

    [Fact]
    public async Task Probes_and_scrapes_are_answered_without_a_token()
    {
        var files = new DeploymentFiles();
        var options = files.Options();
        await using var node = await TestNode.StartAsync(own => own with { JwtSecret = options.JwtSecret, AuthEnabled = true, OpenMetrics = options.OpenMetrics });
        string[] paths =
        [
            .. ((string[])["startupProbe", "livenessProbe", "readinessProbe"]).Select(probe => files.Container.Text(probe + ".httpGet.path")),
            files.Deployment.At("spec.template.metadata").Map("annotations")["prometheus.io/path"],
        ];

        foreach (var path in paths)
        {
            Assert.Equal(200, (await node.GetAsync(path)).Status);
        }

        // What the world can reach asks for a token, and is there.
        Assert.All(files.Ingress.Items("spec.rules.0.http.paths"), path => Assert.Equal("Prefix", path.Text("pathType")));
        foreach (var path in files.Ingress.Items("spec.rules.0.http.paths").Select(path => path.Text("path")))
        {
            Assert.Equal(401, (await node.GetAsync(path)).Status);
        }
    }

    [Fact]
    public void The_pod_may_do_nothing_that_it_does_not_need()
    {
        var files = new DeploymentFiles();
        var (pod, container) = (files.Pod.At("securityContext"), files.Container.At("securityContext"));

        Assert.Equal("true", pod.Text("runAsNonRoot"));
        Assert.Equal(["1000", "1000", "1000"], ((string[])["runAsUser", "runAsGroup", "fsGroup"]).Select(pod.Text));
        Assert.Equal("RuntimeDefault", pod.Text("seccompProfile.type"));
        Assert.Equal("true", container.Text("readOnlyRootFilesystem"));
        Assert.Equal("false", container.Text("allowPrivilegeEscalation"));
        Assert.Equal(["ALL"], container.Items("capabilities.drop").Select(one => one.Node.ToString()));
        Assert.False(container.Has("privileged"));
        Assert.Equal("false", files.Pod.Text("automountServiceAccountToken"));
    }

    [Fact]
    public void There_is_time_to_stop()
    {
        var files = new DeploymentFiles();
        var pause = files.Container.Number("lifecycle.preStop.sleep.seconds");

        Assert.True(
            files.Pod.Number("terminationGracePeriodSeconds") > pause + files.Options().DrainDeadline.TotalSeconds,
            "The pod is killed before the node has drained.");
    }

    [Fact]
    public void Selectors_select_the_pods()
    {
        var files = new DeploymentFiles();
        var labels = files.Deployment.At("spec.template.metadata").Map("labels");

        foreach (var selector in (Dictionary<string, string>[])
            [
                files.Deployment.Map("spec.selector.matchLabels"), files.Service.Map("spec.selector"), files.Budget.Map("spec.selector.matchLabels"),
                files.NetworkPolicy.Map("spec.podSelector.matchLabels"),
                files.Pod.Map("affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.0.podAffinityTerm.labelSelector.matchLabels"),
            ])
        {
            Assert.NotEmpty(selector);
            Assert.All(selector, pair => Assert.Equal(pair.Value, labels.GetValueOrDefault(pair.Key)));
        }
    }

    [Fact]
    public void Replicas_follow_the_processor_and_not_the_memory_of_a_cache()
    {
        var files = new DeploymentFiles();

        Assert.Equal((files.Deployment.Kind, files.Deployment.Name), (files.Autoscaler.Text("spec.scaleTargetRef.kind"), files.Autoscaler.Text("spec.scaleTargetRef.name")));
        Assert.Equal(["cpu"], files.Autoscaler.Items("spec.metrics").Select(metric => metric.Text("resource.name")));
        Assert.True(files.Container.Has("resources.requests.cpu"), "A percentage of the request needs a request.");
        Assert.False(files.Deployment.Has("spec.replicas"), "Two would set the number of replicas.");
        Assert.True(files.Autoscaler.Number("spec.minReplicas") > files.Budget.Number("spec.minAvailable"), "No pod could ever be moved.");
    }

    [Fact]
    public void Every_manifest_is_of_the_same_namespace_and_listed()
    {
        var files = new DeploymentFiles();
        var listed = files.Kustomization.Items("resources").Select(one => one.Node.ToString()).ToArray();
        var manifests = DeploymentFiles.Names.Where(name => name != "kustomization.yaml").ToArray();

        Assert.Equal(manifests.Where(name => name != "secret.example.yaml").Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
        Assert.All(manifests.Where(name => name != "namespace.yaml"), name =>
            Assert.Equal(files.Kustomization.Text("namespace"), Manifest.Read("deploy/kubernetes/" + name).Text("metadata.namespace")));
        Assert.Equal(files.Kustomization.Text("images.0.name"), files.Container.Text("image"));
    }

    [Fact]
    public async Task Dashboard_and_alerts_name_metrics_that_a_node_exports()
    {
        var exported = await ExportedAsync();
        Assert.Contains("larder_node_ready", exported);
        Assert.Contains("larder_handlers_executions_total", exported);

        var dashboard = JsonDocument.Parse(RepositoryFiles.Read("deploy/grafana/larder.json")).RootElement;
        var expressions = dashboard.GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray()).Select(target => target.GetProperty("expr").GetString()!)
            .Concat(Manifest.Read("deploy/prometheus/larder.rules.yaml").Items("groups.0.rules").Select(rule => rule.Text("expr")))
            .ToArray();

        Assert.True(expressions.Length > 20);
        var named = expressions.SelectMany(one => Metric().Matches(one).Select(match => match.Value)).Distinct().ToArray();
        Assert.NotEmpty(named);
        RepositoryFiles.AssertNone(named
            .Where(name => !exported.Contains(name) && !exported.Contains(HistogramSeries().Replace(name, string.Empty)))
            .Select(name => $"{name} is not exported"));
    }

    // Every instrument of a running node under the name that /metrics gives it, whether or not it has a figure yet; and of the
    // meter of handlers, which a runtime gets when it starts, for which it needs the engine, which is not everywhere.
    private static async Task<HashSet<string>> ExportedAsync()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await using var node = await TestNode.StartAsync();
        using var meters = new ScopedMeters();
        var metrics = Results.NewMetrics();
        using var meter = new HandlersMeter(() => metrics.Read(new InstancePoolStatistics()), metrics, meters, aliases: false, new ManualTimeProvider());
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name.StartsWith("Larder.", StringComparison.Ordinal))
                {
                    names.Add(PrometheusFamily.For(instrument).Name);
                }
            },
        };
        listener.Start();
        return names;
    }

    [GeneratedRegex(@"\blarder_\w+", RegexOptions.CultureInvariant)]
    private static partial Regex Metric();

    [GeneratedRegex("_(bucket|sum|count)$", RegexOptions.CultureInvariant)]
    private static partial Regex HistogramSeries();
}
