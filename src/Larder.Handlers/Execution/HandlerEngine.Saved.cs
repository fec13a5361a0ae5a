using System.Buffers.Binary;
using System.Security.Cryptography;
using Larder.Cache;
using Larder.Cache.Fingerprints;
using Larder.Handlers.Engine;
using Larder.Wasm;

namespace Larder.Handlers.Execution;

/// <content>The engine after its start, from an earlier process.</content>
/// <remarks>
/// Starting takes hundreds of functions that are needed once, and most of the time of a first call. Format, little-endian:
/// the eight bytes <c>LRDRHENG</c>; version, 2, as 4 bytes; nine words of 4 bytes each, those of
/// <see cref="QuickJsLayout"/> and its <see cref="HeapLayout"/>; the values <c>describe</c> and <c>settle</c>, 8 bytes each; the snapshot; SHA-256 of
/// everything before it.
/// </remarks>
internal sealed partial class HandlerEngine
{
    private const uint ImageVersion = 2;
    private const int ImageHeaderBytes = 64;
    private const int ChecksumBytes = SHA256.HashSizeInBytes;

    private HandlerEngine(QuickJsLimits limits, QuickJsImage image, JsValue describe, JsValue settle)
    {
        _limits = limits;
        Image = image;
        Describe = describe;
        Settle = settle;
    }

    private static ReadOnlySpan<byte> ImageMagic => "LRDRHENG"u8;

    /// <summary>Goes on where an earlier process had started an engine, or starts one and saves it in the background.</summary>
    /// <exception cref="HandlersException">The module is not the one that is needed.</exception>
    public static async ValueTask<HandlerEngine> StartAsync(
        EngineModuleLoader loader,
        TieredCache cache,
        EngineModule module,
        CompiledModule compiled,
        QuickJsLimits limits,
        bool timeNeedsGrant,
        CancellationToken cancellationToken)
    {
        var recipe = ImageRecipe(module, compiled, limits, timeNeedsGrant);
        if (await loader.FindAsync(recipe, cancellationToken).ConfigureAwait(false) is { } saved)
        {
            if (TryLoad(saved, compiled, limits) is { } loaded)
            {
                return loaded;
            }

            await loader.RemoveAsync(recipe, cancellationToken).ConfigureAwait(false);
        }

        var prelude = await PreludeLoader.LoadAsync(cache, module, compiled, cancellationToken).ConfigureAwait(false);
        var engine = new HandlerEngine(compiled, prelude, limits, timeNeedsGrant);
        loader.SaveLater(recipe, engine.Save);
        return engine;
    }

    /// <summary>Everything that decides what the image looks like.</summary>
    internal static Recipe ImageRecipe(EngineModule module, CompiledModule compiled, QuickJsLimits limits, bool timeNeedsGrant)
    {
        var recipe = Recipe.For(EngineModuleLoader.ImageKind, ImageVersion)
            .AddDigestOf("prelude", PreludeLoader.Source())
            .Add("library", typeof(HandlerEngine).Assembly.ManifestModule.ModuleVersionId.ToString("N"))
            .Add("limits", limits.ToString())
            .Add("time-needs-grant", timeNeedsGrant)
            .Add("page-bytes", Environment.SystemPageSize);
        foreach (var (name, value) in ModuleRecipe.Create(module.Digest, compiled.Options).Components)
        {
            recipe.Add(name, value);
        }

        return recipe.Build();
    }

    private static HandlerEngine? TryLoad(byte[] saved, CompiledModule compiled, QuickJsLimits limits)
    {
        if (saved.Length < ImageHeaderBytes + ChecksumBytes
            || !saved.AsSpan().StartsWith(ImageMagic)
            || BinaryPrimitives.ReadUInt32LittleEndian(saved.AsSpan(8)) != ImageVersion
            || !SHA256.HashData(saved.AsSpan(..^ChecksumBytes)).AsSpan().SequenceEqual(saved.AsSpan(^ChecksumBytes..)))
        {
            return null;
        }

        try
        {
            var snapshot = InstanceSnapshot.Load(compiled, saved.AsMemory(ImageHeaderBytes..^ChecksumBytes));
            var layout = new QuickJsLayout(
                Word(saved, 12),
                Word(saved, 16),
                Word(saved, 20),
                Word(saved, 24),
                new HeapLayout(Word(saved, 28), Word(saved, 32), Word(saved, 36), Word(saved, 40)),
                Word(saved, 44));
            return new HandlerEngine(
                limits,
                new QuickJsImage(snapshot, layout),
                new JsValue(BinaryPrimitives.ReadInt64LittleEndian(saved.AsSpan(48))),
                new JsValue(BinaryPrimitives.ReadInt64LittleEndian(saved.AsSpan(56))));
        }
        catch (WasmException exception) when (exception.Kind == WasmErrorKind.BadArtifact)
        {
            return null;
        }
    }

    private static int Word(byte[] bytes, int offset) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(offset));

    private byte[] Save()
    {
        var snapshot = Image.Snapshot.Save();
        var saved = new byte[ImageHeaderBytes + snapshot.Length + ChecksumBytes];
        ImageMagic.CopyTo(saved);
        BinaryPrimitives.WriteUInt32LittleEndian(saved.AsSpan(8), ImageVersion);
        var (layout, heap) = (Image.Layout, Image.Layout.Heap);
        ReadOnlySpan<int> words =
        [
            layout.Runtime, layout.Context, layout.HeapCounter, layout.Scratch,
            heap.AtomTable, heap.ToJson, heap.ObjectPrototype, heap.ArrayPrototype,
            layout.ValueVersion,
        ];
        for (var index = 0; index < words.Length; index++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(saved.AsSpan(12 + (sizeof(int) * index)), words[index]);
        }

        BinaryPrimitives.WriteInt64LittleEndian(saved.AsSpan(48), Describe.Bits);
        BinaryPrimitives.WriteInt64LittleEndian(saved.AsSpan(56), Settle.Bits);
        snapshot.CopyTo(saved.AsSpan(ImageHeaderBytes));
        SHA256.HashData(saved.AsSpan(..^ChecksumBytes), saved.AsSpan(^ChecksumBytes..));
        return saved;
    }
}
