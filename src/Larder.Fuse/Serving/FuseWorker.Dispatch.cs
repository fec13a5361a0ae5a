using Larder.Fuse.Requests;
using Larder.Fuse.Wire;

namespace Larder.Fuse.Serving;

/// <summary>Which operation goes to which method. Each returns false for a request that is too short for its operation.</summary>
internal sealed unsafe partial class FuseWorker
{
    private bool Dispatch(in RequestHead head, ReadOnlySpan<byte> body)
    {
        switch ((FuseOpcode)head.Opcode)
        {
            case FuseOpcode.Lookup:
                return Lookup(head, body);
            case FuseOpcode.Forget:
                return Forget(head, body);
            case FuseOpcode.BatchForget:
                return BatchForget(body);
            case FuseOpcode.GetAttributes:
                Context.Begin(head, ReplyForm.Attributes, 0);
                _files.GetAttributes(new AttributesRequest(Context));

                return true;
            case FuseOpcode.ReadLink:
                Context.Begin(head, ReplyForm.Data, RequestContext.MaxLinkBytes);
                _files.ReadLink(new DataRequest(Context));

                return true;
            case FuseOpcode.Open or FuseOpcode.OpenDirectory:
                return Open(head, body);
            case FuseOpcode.Read:
                return Read(head, body);
            case FuseOpcode.Release or FuseOpcode.ReleaseDirectory:
                return Release(head, body);
            case FuseOpcode.ReadDirectory or FuseOpcode.ReadDirectoryPlus:
                return ReadDirectory(head, body);
            case FuseOpcode.Statistics:
                Context.Begin(head, ReplyForm.Statistics, 0);
                _files.GetStatistics(new StatisticsRequest(Context));

                return true;
            case FuseOpcode.GetExtendedAttribute or FuseOpcode.ListExtendedAttributes:
                return ExtendedAttribute(head, body);
            case FuseOpcode.Access:
                return Access(head, body);
            case FuseOpcode.Interrupt:
                return Interrupt(body);
            case FuseOpcode.Initialize:
                return Initialize(head, body);
            default:
                Refuse(head);

                return true;
        }
    }

    private bool Lookup(in RequestHead head, ReadOnlySpan<byte> body)
    {
        if (!TryReadName(body, out var name))
        {
            return false;
        }

        Context.Begin(head, ReplyForm.Entry, 0);
        _files.Lookup(new LookupRequest(Context, name));

        return true;
    }

    private bool Forget(in RequestHead head, ReadOnlySpan<byte> body)
    {
        if (!TryRead<ulong>(body, out var count))
        {
            return false;
        }

        _files.Forget(head.Node, count);

        return true;
    }

    private bool BatchForget(ReadOnlySpan<byte> body)
    {
        if (!TryRead<BatchForgetIn>(body, out var batch) || batch.Count > (body.Length - sizeof(BatchForgetIn)) / sizeof(ForgetOne))
        {
            return false;
        }

        for (var index = 0; index < batch.Count; index++)
        {
            TryRead<ForgetOne>(body[(sizeof(BatchForgetIn) + (index * sizeof(ForgetOne)))..], out var one);
            _files.Forget(one.Node, one.Count);
        }

        return true;
    }

    private bool Open(in RequestHead head, ReadOnlySpan<byte> body)
    {
        if (!TryRead<OpenIn>(body, out var open))
        {
            return false;
        }

        var isDirectory = head.Opcode == (uint)FuseOpcode.OpenDirectory;
        Context.Begin(head, ReplyForm.Open, 0);
        if (isDirectory ? _session.Options.NoOpenDirectory && _session.CanSkipOpenDirectory : _session.CanSkipOpen)
        {
            Context.FailExactly(FuseErrno.NotImplemented);
        }
        else if (isDirectory)
        {
            _files.OpenDirectory(new OpenRequest(Context, open.Flags));
        }
        else
        {
            _files.Open(new OpenRequest(Context, open.Flags));
        }

        return true;
    }

    private bool Read(in RequestHead head, ReadOnlySpan<byte> body)
    {
        if (!TryRead<ReadIn>(body, out var read) || read.Offset > long.MaxValue)
        {
            return false;
        }

        var length = (int)Math.Min(read.Size, (uint)_session.Options.MaxReadBytes);
        Context.Begin(head, ReplyForm.Data, length);
        _files.Read(new ReadRequest(Context, read.Handle, (long)read.Offset, length));

        return true;
    }

    private bool Release(in RequestHead head, ReadOnlySpan<byte> body)
    {
        if (!TryRead<ReleaseIn>(body, out var release))
        {
            return false;
        }

        // Answered first: a release that is asked for again after a kill must not be counted twice.
        Context.Begin(head, ReplyForm.Empty, 0);
        Context.ReplyEmpty();
        if (head.Opcode == (uint)FuseOpcode.ReleaseDirectory)
        {
            _files.ReleaseDirectory(head.Node, release.Handle);
        }
        else
        {
            _session.Backings.Release(head.Node);
            _files.Release(head.Node, release.Handle);
        }

        return true;
    }

    private bool ReadDirectory(in RequestHead head, ReadOnlySpan<byte> body)
    {
        if (!TryRead<ReadIn>(body, out var read))
        {
            return false;
        }

        Context.Begin(head, ReplyForm.Directory, (int)Math.Min(read.Size, int.MaxValue));
        var isPlus = head.Opcode == (uint)FuseOpcode.ReadDirectoryPlus;
        _files.ReadDirectory(new DirectoryRequest(
            Context, read.Handle, read.Offset, isPlus, isPlus && _session.Listing.TakesAll(read.Offset)));

        return true;
    }

    private bool ExtendedAttribute(in RequestHead head, ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<byte> name = default;
        var isList = head.Opcode == (uint)FuseOpcode.ListExtendedAttributes;
        if (!TryRead<SizeAndPadding>(body, out var size) || (!isList && !TryReadName(body[sizeof(SizeAndPadding)..], out name)))
        {
            return false;
        }

        var limit = (int)Math.Min(size.Size, int.MaxValue);
        Context.Begin(head, ReplyForm.Sized, limit);
        if (!_session.Options.ExtendedAttributes)
        {
            Context.FailExactly(FuseErrno.NotImplemented);
        }
        else if (isList)
        {
            _files.ListExtendedAttributes(new ExtendedAttributeRequest(Context, name, limit));
        }
        else
        {
            _files.GetExtendedAttribute(new ExtendedAttributeRequest(Context, name, limit));
        }

        return true;
    }

    private bool Access(in RequestHead head, ReadOnlySpan<byte> body)
    {
        if (!TryRead<AccessIn>(body, out var access))
        {
            return false;
        }

        Context.Begin(head, ReplyForm.Empty, 0);
        _files.Access(new AccessRequest(Context, access.Mask));

        return true;
    }

    private bool Interrupt(ReadOnlySpan<byte> body)
    {
        if (!TryRead<ulong>(body, out var unique))
        {
            return false;
        }

        Context.Count(Counters.Interrupts);
        _session.Interrupt(unique);

        return true;
    }

    private bool Initialize(in RequestHead head, ReadOnlySpan<byte> body)
    {
        if (body.Length < InitIn.OldSize)
        {
            return false;
        }

        InitIn offer = default;
        body[..Math.Min(body.Length, sizeof(InitIn))].CopyTo(new Span<byte>(&offer, sizeof(InitIn)));
        Context.Begin(head, ReplyForm.Data, sizeof(InitOut));
        if (offer.Major > Negotiation.Major)
        {
            // The kernel reads the version only, and asks again in words of that version.
            var ours = new InitOut { Major = Negotiation.Major, Minor = Negotiation.NewestMinor };
            Context.ReplyData(new ReadOnlySpan<byte>(&ours, sizeof(InitOut)));

            return true;
        }

        if (_session.Agree(offer) is { } answer)
        {
            Context.ReplyData(new ReadOnlySpan<byte>(&answer, sizeof(InitOut)));
            _session.Agreed();
        }
        else
        {
            Context.FailExactly(FuseErrno.Protocol);
        }

        return true;
    }

    private void Refuse(in RequestHead head)
    {
        Context.Begin(head, ReplyForm.Empty, 0);
        switch ((FuseOpcode)head.Opcode)
        {
            case FuseOpcode.Destroy:
                Context.ReplyEmpty();
                break;
            case FuseOpcode.SetAttributes or FuseOpcode.SymbolicLink or FuseOpcode.MakeNode or FuseOpcode.MakeDirectory or FuseOpcode.Unlink
                or FuseOpcode.RemoveDirectory or FuseOpcode.Rename or FuseOpcode.Rename2 or FuseOpcode.Link or FuseOpcode.Write or FuseOpcode.Create
                or FuseOpcode.SetExtendedAttribute or FuseOpcode.RemoveExtendedAttribute or FuseOpcode.Allocate or FuseOpcode.TemporaryFile:
                Context.FailExactly(FuseErrno.ReadOnly);
                break;
            case FuseOpcode.Ioctl:
                Context.FailExactly(FuseErrno.NotTerminal);
                break;
            default:
                // What is remembered here, such as that there is no flush, saves the kernel a round trip each time.
                Context.FailExactly(FuseErrno.NotImplemented);
                break;
        }
    }
}
