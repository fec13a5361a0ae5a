using Larder.Cache.Fingerprints;

namespace Larder.Cli.Commands;

/// <summary>What <c>verify --json</c> prints for one artifact; the result is sound, damaged or absent.</summary>
internal sealed record VerifyReport(string Kind, Fingerprint Fingerprint, string Result);
