namespace Larder.Node.Http;

/// <summary>The methods that some endpoint knows. Flags, so that an endpoint can name those it allows.</summary>
[Flags]
internal enum RequestMethod : byte
{
    Other = 0,
    Get = 1,
    Head = 2,
    Put = 4,
    Post = 8,
    Delete = 16,
}
