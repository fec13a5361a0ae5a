namespace Larder.Cache.Redis.Protocol;

/// <summary>The first line of a reply.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Number">The integer; the length of a bulk; the number of elements of an array or push.</param>
/// <param name="Text">The line of a status or an error; null otherwise.</param>
/// <param name="IsAttribute">Whether it is a RESP3 attribute, which stands before the reply it belongs to.</param>
internal readonly record struct RespHead(RespType Type, long Number, string? Text = null, bool IsAttribute = false);
