using Larder.Node;
using Larder.Node.Configuration;
using Larder.Node.Sizing;
using Larder.Tests.Repository;

namespace Larder.Tests.Deploy;

/// <summary>The manifests of <c>deploy/kubernetes</c>, and what is wrong with them.</summary>
internal sealed class DeploymentFiles
{
    private const string Folder = "deploy/kubernetes/";

    // Variables of the runtime, which are none of Larder's.
    private const string RuntimeVariables = "DOTNET_";

    public Manifest Deployment { get; } = Manifest.Read(Folder + "deployment.yaml");

    public Manifest ConfigMap { get; } = Manifest.Read(Folder + "configmap.yaml");

    public Manifest Secret { get; } = Manifest.Read(Folder + "secret.example.yaml");

    public Manifest Service { get; } = Manifest.Read(Folder + "service.yaml");

    public Manifest Ingress { get; } = Manifest.Read(Folder + "ingress.yaml");

    public Manifest Autoscaler { get; } = Manifest.Read(Folder + "hpa.yaml");

    public Manifest Budget { get; } = Manifest.Read(Folder + "pdb.yaml");

    public Manifest NetworkPolicy { get; } = Manifest.Read(Folder + "networkpolicy.yaml");

    public Manifest Kustomization { get; } = Manifest.Read(Folder + "kustomization.yaml");

    public Manifest Pod => Deployment.At("spec.template.spec");

    public Manifest Container => Pod.At("containers.0");

    /// <summary>Every manifest, by file name.</summary>
    public static IEnumerable<string> Names => RepositoryFiles.All
        .Where(path => path.StartsWith(Folder, StringComparison.Ordinal)).Select(path => path[Folder.Length..]);

    /// <summary>The variables that the container sees.</summary>
    public Dictionary<string, string> Environment()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var source in Container.Items("envFrom"))
        {
            Assert.Equal(ConfigMap.Name, source.Text("configMapRef.name"));
            foreach (var (name, value) in ConfigMap.Map("data"))
            {
                variables[name] = value;
            }
        }

        foreach (var variable in Container.Items("env"))
        {
            if (variable.Has("valueFrom"))
            {
                Assert.Equal(Secret.Name, variable.Text("valueFrom.secretKeyRef.name"));
                variables[variable.Text("name")] = Secret.Text("stringData." + variable.Text("valueFrom.secretKeyRef.key"));
            }
            else
            {
                variables[variable.Text("name")] = variable.Text("value");
            }
        }

        return variables;
    }

    /// <summary>The configuration that the node makes of it.</summary>
    public NodeConfiguration Configuration() => NodeConfiguration.Load(new ConfigurationSources { Environment = Environment() });

    public NodeOptions Options() => Configuration().Options;

    /// <summary>Sentences on variables that the node does not know, and on sizes that do not fit.</summary>
    public List<string> Problems()
    {
        var problems = new List<string>();
        var environment = Environment();
        var configuration = NodeConfiguration.Load(new ConfigurationSources { Environment = environment });
        var sources = configuration.Describe().Select(static setting => setting.Source ?? string.Empty).ToArray();
        problems.AddRange(environment.Keys
            .Where(name => !name.StartsWith(RuntimeVariables, StringComparison.Ordinal) && !sources.Any(source => source.Contains(name, StringComparison.Ordinal)))
            .Select(name => $"The node does not read {name}."));
        AddSizes(configuration.Options, problems);
        return problems;
    }

    private void AddSizes(NodeOptions options, List<string> problems)
    {
        var volume = Pod.Items("volumes").Single(one => one.Text("name") == "cache");
        var size = Bytes(volume.Text("emptyDir.sizeLimit"));
        var inMemory = volume.TextOrNull("emptyDir.medium") == "Memory";
        if (PodMemory.VolumeFor(options.DiskCapacityBytes) > size)
        {
            problems.Add($"The volume of {size} bytes is too small for a disk tier of {options.DiskCapacityBytes}.");
        }

        var pod = PodMemory.Of(options, options.Handlers.Runtime, inMemory ? size : 0);
        var limit = Bytes(Container.Text("resources.limits.memory"));
        if (limit < pod.LimitBytes)
        {
            problems.Add($"The memory limit of {limit} bytes is too small: {pod.LimitBytes} are needed.");
        }

        var request = Bytes(Container.Text("resources.requests.memory"));
        if (request < pod.RequestBytes || request > limit)
        {
            problems.Add($"The memory request of {request} bytes is not between the usual use of {pod.RequestBytes} and the limit of {limit}.");
        }
    }

    /// <summary>Reads a quantity of Kubernetes in bytes.</summary>
    public static long Bytes(string quantity)
    {
        Assert.EndsWith("i", quantity, StringComparison.Ordinal);
        Assert.True(Quantity.TryParseBytes(quantity + "B", out var bytes), $"'{quantity}' is not a size.");
        return bytes;
    }
}
