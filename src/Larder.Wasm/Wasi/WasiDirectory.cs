namespace Larder.Wasm.Wasi;

/// <summary>A directory of the host that a guest may use, under the name that the guest knows it by.</summary>
/// <param name="HostPath">Where it lies. Symbolic links in this path itself are followed.</param>
/// <param name="GuestPath">Its name for the guest, such as <c>/data</c> or <c>.</c>.</param>
/// <param name="IsWritable">Whether the guest may change anything in it.</param>
public sealed record WasiDirectory(string HostPath, string GuestPath, bool IsWritable = false);
