using System.Diagnostics.Metrics;
using Larder.Oci.Mounting;

namespace Larder.Node.Mounts;

/// <summary>What mounts and their layers have done, as metrics; their number is bounded.</summary>
internal sealed class MountMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Larder.Node.Mounts";

    /// <summary>Most layers that have figures of their own; those of further mounts have none.</summary>
    public const int MaxLayers = 500;

    private const string LayerPrefix = "larder.mounts.layer.";

    private readonly Meter _meter;
    private readonly MountService _mounts;

    public MountMetrics(MountService mounts, IMeterFactory meters)
    {
        _mounts = mounts;
        _meter = meters.Create(MeterName);
        _meter.CreateObservableUpDownCounter("larder.mounts.active", Active, "{mount}", "Mounts, by who holds them and their state.");
        _meter.CreateObservableUpDownCounter("larder.mounts.waiting", () => OfMounts(static mount => mount.Waiting), "{request}", "Requests of the kernel that wait for bytes.");
        _meter.CreateObservableCounter("larder.mounts.reads", () => OfMounts(static mount => mount.Reads), "{read}", "Reads that came to the process of a mount.");
        _meter.CreateObservableCounter("larder.mounts.opens", () => OfMounts(static mount => mount.Opens), "{open}", "Files that were opened.");
        _meter.CreateObservableCounter(
            "larder.mounts.opens.passthrough", () => OfMounts(static mount => mount.PassthroughOpens), "{open}", "Files that were opened and that the kernel reads by itself.");
        _meter.CreateObservableCounter(LayerPrefix + "fetched", Fetched, "By", "Bytes that were fetched, by where they came from.");
        _meter.CreateObservableCounter(LayerPrefix + "opened", Opened, "{object}", "Objects that were opened and were not at hand, by where they were.");
        _meter.CreateObservableCounter(LayerPrefix + "reads", () => OfLayers(static layer => layer.Reads), "{read}", "Reads of a layer's files that the process answered.");
        _meter.CreateObservableCounter(LayerPrefix + "failures", () => OfLayers(static layer => layer.Failures), "{attempt}", "Attempts to get an object that failed.");
        _meter.CreateObservableCounter(
            LayerPrefix + "wait", () => OfLayers(static layer => layer.WaitedMilliseconds / 1000), "s", "Time that readers waited for objects.");
        _meter.CreateObservableGauge(LayerPrefix + "size", () => OfLayers(static layer => layer.ObjectBytes), "By", "Bytes of a layer's objects.");
        _meter.CreateObservableGauge(LayerPrefix + "local", () => OfLayers(static layer => layer.LocalBytes), "By", "Bytes of a layer's objects that are on the disk.");
        _meter.CreateObservableGauge(
            LayerPrefix + "firstbyte", FirstBytes, "s", "From the first request for a layer to its first byte from elsewhere.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    private static string Short(LayerFigures layer) => layer.DiffId.Length > 19 ? layer.DiffId[7..19] : layer.DiffId;

    private IEnumerable<Measurement<int>> Active() =>
        from mount in _mounts.Report().Mounts
        group mount by (mount.HeldBy, mount.State) into same
        select new Measurement<int>(same.Count(), Tag("held_by", same.Key.HeldBy), Tag("state", same.Key.State));

    private IEnumerable<MountStatus> Mounts() => _mounts.Report().Mounts.Select(static mount => mount.Status).OfType<MountStatus>();

    private IEnumerable<(string Mount, LayerFigures Layer)> Layers() => Mounts()
        .SelectMany(static mount => mount.Layers.DistinctBy(static layer => layer.DiffId).Select(layer => (mount.MountPoint, layer)))
        .Take(MaxLayers);

    private IEnumerable<Measurement<long>> OfMounts(Func<MountStatus, long> value) =>
        Mounts().Take(MaxLayers).Select(mount => new Measurement<long>(value(mount), Tag("mount", mount.MountPoint)));

    private IEnumerable<Measurement<double>> OfLayers(Func<LayerFigures, double> value) =>
        Layers().Select(one => new Measurement<double>(value(one.Layer), Tag("mount", one.Mount), Tag("layer", Short(one.Layer))));

    private IEnumerable<Measurement<double>> FirstBytes() =>
        from one in Layers()
        let milliseconds = one.Layer.FirstByteMilliseconds
        where milliseconds is not null
        select new Measurement<double>(milliseconds.GetValueOrDefault() / 1000, Tag("mount", one.Mount), Tag("layer", Short(one.Layer)));

    private IEnumerable<Measurement<long>> Fetched() => ByTier(
        static layer => [("remote", layer.BytesFromRemote), ("source", layer.SourceBytes)]);

    private IEnumerable<Measurement<long>> Opened() => ByTier(
        static layer => [("disk", layer.OpenedFromDisk), ("remote", layer.OpenedFromRemote), ("source", layer.OpenedFromSource)]);

    private IEnumerable<Measurement<long>> ByTier(Func<LayerFigures, (string Tier, long Value)[]> values) =>
        from one in Layers()
        from part in values(one.Layer)
        select new Measurement<long>(part.Value, Tag("mount", one.Mount), Tag("layer", Short(one.Layer)), Tag("tier", part.Tier));
}
