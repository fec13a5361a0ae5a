using System.Collections.Immutable;
using System.Text.Json;
using Larder.Handlers.Contract;
using Larder.Handlers.Diagnostics;

namespace Larder.Node.Handlers;

/// <summary>Writes the runtime's statistics in the form that they have on the wire.</summary>
internal static class StatisticsWriter
{
    /// <summary>Writes the figures of the whole runtime as one object.</summary>
    public static void Write(Utf8JsonWriter writer, string state, string? problem, RuntimeStatistics statistics)
    {
        writer.WriteStartObject();
        writer.WriteString("state"u8, state);
        if (problem is not null)
        {
            writer.WriteString("problem"u8, problem);
        }

        writer.WriteNumber("totalExecutions"u8, statistics.TotalExecutions);
        writer.WriteNumber("successfulExecutions"u8, statistics.SuccessfulExecutions);
        writer.WriteNumber("failedExecutions"u8, statistics.FailedExecutions);
        writer.WriteNumber("suspensions"u8, statistics.Suspensions);
        writer.WriteNumber("resumptions"u8, statistics.Resumptions);
        writer.WriteNumber("suspendedInstances"u8, statistics.SuspendedInstances);
        writer.WriteNumber("expiredSuspensions"u8, statistics.ExpiredSuspensions);
        writer.WriteNumber("activeInstances"u8, statistics.ActiveInstances);
        writer.WriteNumber("availableInstances"u8, statistics.AvailableInstances);
        writer.WriteNumber("instancesCreated"u8, statistics.InstancesCreated);
        writer.WriteNumber("instancesReused"u8, statistics.InstancesReused);
        writer.WriteNumber("cacheHits"u8, statistics.CacheHits);
        writer.WriteNumber("cacheMisses"u8, statistics.CacheMisses);
        writer.WriteNumber("cacheHitRate"u8, statistics.CacheHitRate);
        writer.WriteNumber("avgExecutionTimeUs"u8, ResultWriter.Micros(statistics.AverageExecutionTime));
        writer.WriteNumber("p50ExecutionTimeUs"u8, ResultWriter.Micros(statistics.P50ExecutionTime));
        writer.WriteNumber("p95ExecutionTimeUs"u8, ResultWriter.Micros(statistics.P95ExecutionTime));
        writer.WriteNumber("p99ExecutionTimeUs"u8, ResultWriter.Micros(statistics.P99ExecutionTime));
        Write(writer, "runTime"u8, statistics.RunTime);
        Write(writer, "queueTime"u8, statistics.QueueTime);
        Write(writer, "compilationTime"u8, statistics.CompilationTime);
        writer.WriteNumber("instructions"u8, statistics.Instructions);
        writer.WriteNumber("totalMemoryBytes"u8, statistics.TotalMemoryBytes);
        writer.WriteNumber("peakTotalMemoryBytes"u8, statistics.PeakTotalMemoryBytes);
        writer.WriteNumber("peakMemoryBytes"u8, statistics.PeakMemoryBytes);
        writer.WriteNumber("avgMemoryBytes"u8, statistics.AverageMemoryBytes);
        writer.WriteStartObject("hostCalls"u8);
        foreach (var (name, count) in statistics.HostCalls)
        {
            writer.WriteNumber(name, count);
        }

        writer.WriteEndObject();
        WriteErrors(writer, statistics.Errors);
        writer.WriteEndObject();
    }

    /// <summary>Writes the figures of each handler as one object.</summary>
    public static void WriteHandlers(Utf8JsonWriter writer, ImmutableArray<HandlerStatistics> handlers)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("handlers"u8);
        foreach (var handler in handlers)
        {
            writer.WriteStartObject();
            writer.WriteString("key"u8, handler.Key);
            writer.WriteString("name"u8, handler.Name);
            writer.WriteNumber("executions"u8, handler.Executions);
            writer.WriteNumber("failures"u8, handler.Failures);
            writer.WriteNumber("suspensions"u8, handler.Suspensions);
            writer.WriteNumber("cacheHits"u8, handler.CacheHits);
            writer.WriteNumber("avgExecutionTimeUs"u8, ResultWriter.Micros(handler.AverageExecutionTime));
            writer.WriteNumber("p50ExecutionTimeUs"u8, ResultWriter.Micros(handler.P50ExecutionTime));
            writer.WriteNumber("p95ExecutionTimeUs"u8, ResultWriter.Micros(handler.P95ExecutionTime));
            writer.WriteNumber("p99ExecutionTimeUs"u8, ResultWriter.Micros(handler.P99ExecutionTime));
            writer.WriteNumber("cacheMisses"u8, handler.CacheMisses);
            writer.WriteNumber("hostCalls"u8, handler.HostCalls);
            writer.WriteNumber("instructions"u8, handler.Instructions);
            writer.WriteNumber("peakMemoryBytes"u8, handler.PeakMemoryBytes);
            writer.WriteString("lastUsed"u8, handler.LastUsed);
            WriteErrors(writer, handler.Errors);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNumber("total"u8, handlers.Length);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> name, DurationSummary duration)
    {
        writer.WriteStartObject(name);
        writer.WriteNumber("count"u8, duration.Count);
        writer.WriteNumber("avgUs"u8, ResultWriter.Micros(duration.Mean));
        writer.WriteNumber("p50Us"u8, ResultWriter.Micros(duration.P50));
        writer.WriteNumber("p95Us"u8, ResultWriter.Micros(duration.P95));
        writer.WriteNumber("p99Us"u8, ResultWriter.Micros(duration.P99));
        writer.WriteNumber("maxUs"u8, ResultWriter.Micros(duration.Max));
        writer.WriteEndObject();
    }

    private static void WriteErrors(Utf8JsonWriter writer, ImmutableSortedDictionary<HandlerErrorCode, long> errors)
    {
        writer.WriteStartObject("errors"u8);
        foreach (var (code, count) in errors)
        {
            writer.WriteNumber(ResultWriter.Name(code), count);
        }

        writer.WriteEndObject();
    }
}
