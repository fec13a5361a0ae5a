namespace Larder.Fuse.Serving;

/// <summary>What the answer to a request looks like.</summary>
internal enum ReplyForm
{
    None,
    Entry,
    Attributes,
    Data,
    Open,
    Directory,
    Sized,
    Statistics,
    Empty,
}
