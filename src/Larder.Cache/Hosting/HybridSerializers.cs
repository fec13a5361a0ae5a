using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Cache.Hosting;

/// <summary>Finds the serializer of each type once.</summary>
internal sealed class HybridSerializers(IServiceProvider? services)
{
    private readonly ConcurrentDictionary<Type, object> _found = new();

    public IHybridCacheSerializer<T> Get<T>() =>
        (IHybridCacheSerializer<T>)_found.GetOrAdd(typeof(T), static (_, services) => Find<T>(services), services);

    private static IHybridCacheSerializer<T> Find<T>(IServiceProvider? services)
    {
        if (services?.GetService<IHybridCacheSerializer<T>>() is { } registered)
        {
            return registered;
        }

        foreach (var factory in services?.GetServices<IHybridCacheSerializerFactory>().Reverse() ?? [])
        {
            if (factory.TryCreateSerializer<T>(out var made))
            {
                return made;
            }
        }

        return typeof(T) == typeof(string) ? (IHybridCacheSerializer<T>)(object)new TextSerializer()
            : typeof(T) == typeof(byte[]) ? (IHybridCacheSerializer<T>)(object)new BytesSerializer()
            : new JsonSerializer<T>();
    }

    private sealed class TextSerializer : IHybridCacheSerializer<string?>
    {
        // A first byte tells null from text.
        public string? Deserialize(ReadOnlySequence<byte> source) =>
            source.IsEmpty ? null : Encoding.UTF8.GetString(source.Slice(1));

        public void Serialize(string? value, IBufferWriter<byte> target)
        {
            if (value is not null)
            {
                target.Write<byte>([1]);
                Encoding.UTF8.GetBytes(value, target);
            }
        }
    }

    private sealed class BytesSerializer : IHybridCacheSerializer<byte[]?>
    {
        public byte[]? Deserialize(ReadOnlySequence<byte> source) => source.IsEmpty ? null : source.Slice(1).ToArray();

        public void Serialize(byte[]? value, IBufferWriter<byte> target)
        {
            if (value is not null)
            {
                target.Write<byte>([1]);
                target.Write(value);
            }
        }
    }

    private sealed class JsonSerializer<T> : IHybridCacheSerializer<T>
    {
        public T Deserialize(ReadOnlySequence<byte> source)
        {
            var reader = new Utf8JsonReader(source);
            return JsonSerializer.Deserialize<T>(ref reader)!; // Null is a value of T when it was written as one.
        }

        public void Serialize(T value, IBufferWriter<byte> target)
        {
            using var writer = new Utf8JsonWriter(target);
            JsonSerializer.Serialize(writer, value);
        }
    }
}
