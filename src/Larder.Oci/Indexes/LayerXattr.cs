namespace Larder.Oci.Indexes;

/// <summary>An extended attribute.</summary>
/// <param name="Name">Its full name, as <c>security.capability</c>; no zero byte, 1 to 255 bytes.</param>
/// <param name="Value">Its value, any bytes; at most 64 KiB.</param>
public sealed record LayerXattr(byte[] Name, byte[] Value);
