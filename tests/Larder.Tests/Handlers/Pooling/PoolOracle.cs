using Larder.Handlers.Pooling;

namespace Larder.Tests.Handlers.Pooling;

/// <summary>
/// What a pool must do, said as plainly as possible with lists that are searched. It knows nothing of threads; an idle
/// instance needs no second state, because the pools compared with it reset either at release or at acquisition.
/// </summary>
internal sealed class PoolOracle(InstancePoolOptions options)
{
    public sealed class Instance
    {
        public long RealId;
        public object? Affinity;
        public long Bytes;
        public int Uses;
        public TimeSpan IdleSince;
        public TimeSpan CreatedAt;
        public Guid SuspensionId;
        public TimeSpan ExpiresAt;
        public string Tenant = "";
    }

    public sealed class Call
    {
        public required string Tenant;
        public object? Affinity;
        public TimeSpan Deadline;
        public Instance? Resuming;
        public AcquireOutcome? Outcome;
        public Instance? Got;
        public bool IsCanceled;
        public bool IsMaking;

        public bool IsOpen => Outcome is null && !IsCanceled && !IsMaking;
    }

    // From the one used longest ago to the one used last.
    public readonly List<Instance> Idle = [];
    public readonly List<Instance> Active = [];
    public readonly List<Instance> Suspended = [];
    public readonly List<Call> Making = [];
    public readonly List<Call> Waiting = [];
    public readonly List<Call> Resuming = [];
    public readonly List<string> Turns = [];
    public long Created;
    public long Destroyed;
    public long Reused;
    public long AffinityHits;
    public long PeakBytes;

    private TimeSpan? _backoff;
    private TimeSpan _backoffEnds;
    private long _newBytes;

    public TimeSpan Now { get; private set; }

    /// <summary>When waiting callers are looked at again after a failure; null for never.</summary>
    public TimeSpan? BackoffTimer { get; private set; }

    public long Bytes => Idle.Concat(Active).Concat(Suspended).Sum(one => one.Bytes) + Resuming.Sum(one => one.Resuming!.Bytes);

    private long Charged =>
        Idle.Sum(one => one.Bytes) + Active.Sum(one => InUse(one.Bytes)) + (Making.Count * InUse(_newBytes));

    public Call Acquire(string tenant, object? affinity, TimeSpan patience)
    {
        var call = new Call { Tenant = tenant, Affinity = affinity, Deadline = Now + patience };
        if (Held(tenant) < Limit && Next() is null && Grant(call))
        {
            return call;
        }

        var waitingOfTenant = Waiting.Count(one => one.Tenant == tenant);
        if (Idle.Count + Active.Count + Making.Count == 0 && !MayCreate())
        {
            call.Outcome = AcquireOutcome.CreationFailed;
        }
        else if (patience == TimeSpan.Zero)
        {
            call.Outcome = AcquireOutcome.TimedOut;
        }
        else if (Waiting.Count >= options.MaxWaiting || waitingOfTenant >= (options.TenantMaxWaiting ?? Math.Max(1, options.MaxWaiting / 2)))
        {
            call.Outcome = AcquireOutcome.QueueFull;
        }
        else
        {
            Waiting.Add(call);
            if (waitingOfTenant == 0)
            {
                Turns.Add(tenant);
            }
        }

        return call;
    }

    public Instance Complete(Call call, long realId, long bytes)
    {
        Making.Remove(call);
        _backoff = null;
        _newBytes = Math.Max(_newBytes, bytes);
        Created++;
        call.Got = new Instance { RealId = realId, Bytes = bytes, Uses = 1, Tenant = call.Tenant, CreatedAt = Now };
        call.Outcome = AcquireOutcome.Acquired;
        call.IsMaking = false;
        Active.Add(call.Got);
        Evict();
        Note();
        return call.Got;
    }

    public void Fail(Call call)
    {
        Making.Remove(call);
        call.IsMaking = false;
        call.Outcome = AcquireOutcome.CreationFailed;
        if (MayCreate())
        {
            _backoff = _backoff is { } last
                ? TimeSpan.FromTicks(Math.Min(options.MaxCreationBackoff.Ticks, last.Ticks * 2))
                : options.CreationBackoff;
            _backoffEnds = Now + _backoff.Value;
        }

        BackoffTimer = _backoffEnds + TimeSpan.FromMilliseconds(1);
        Dispatch();
    }

    public void Release(Instance instance, bool reuse, long usedBytes, long bytes)
    {
        Active.Remove(instance);
        instance.Bytes = usedBytes;
        if (!reuse || (options.MaxUses > 0 && instance.Uses >= options.MaxUses)
            || (options.MaxAge is { } age && Now - instance.CreatedAt >= age))
        {
            Destroyed++;
        }
        else
        {
            PeakBytes = Math.Max(PeakBytes, Bytes + usedBytes);
            instance.Bytes = bytes;
            instance.IdleSince = Now;
            Idle.Add(instance);
        }

        Dispatch();
        Evict();
    }

    public bool Suspend(Instance instance, Guid id, long bytes)
    {
        Expire();
        var all = Suspended.Count + Resuming.Count;
        var ofTenant = Suspended.Count(one => one.Tenant == instance.Tenant) + Resuming.Count(one => one.Tenant == instance.Tenant);
        var held = Suspended.Sum(one => one.Bytes) + Resuming.Sum(one => one.Resuming!.Bytes);
        if (all >= options.MaxSuspended || ofTenant >= (options.TenantMaxSuspended ?? Math.Max(1, options.MaxSuspended / 2))
            || held + bytes > options.MaxSuspendedBytes)
        {
            return false;
        }

        Active.Remove(instance);
        instance.Bytes = bytes;
        instance.SuspensionId = id;
        instance.ExpiresAt = Now + options.SuspensionTimeout;
        Suspended.Add(instance);
        Note();
        Dispatch();
        return true;
    }

    public Call Resume(Guid id, TimeSpan patience)
    {
        Expire();
        var instance = Suspended.FirstOrDefault(one => one.SuspensionId == id);
        var call = new Call { Tenant = instance?.Tenant ?? "", Deadline = Now + patience, Resuming = instance };
        if (instance is null)
        {
            call.Outcome = AcquireOutcome.NotSuspended;
            return call;
        }

        Suspended.Remove(instance);
        if (Held(call.Tenant) < Limit && Next() is null && GrantResumed(call))
        {
            return call;
        }

        if (patience == TimeSpan.Zero)
        {
            call.Outcome = AcquireOutcome.TimedOut;
            PutBack(instance);
        }
        else
        {
            Resuming.Add(call);
            Dispatch();
        }

        return call;
    }

    public bool Drop(Guid id)
    {
        Destroyed += Suspended.Count(one => one.SuspensionId == id);
        return Suspended.RemoveAll(one => one.SuspensionId == id) > 0;
    }

    public void Cancel(Call call)
    {
        call.IsCanceled = true;
        Leave(call);
    }

    public void Maintain()
    {
        Expire();
        while (Idle.Count > 0 && Idle.Count + Active.Count + Making.Count > options.MinInstances && Now - Idle[0].IdleSince > options.IdleTimeout)
        {
            Idle.RemoveAt(0);
            Destroyed++;
        }

        Destroyed += Idle.RemoveAll(one => options.MaxAge is { } age && Now - one.CreatedAt >= age);
        Dispatch();
    }

    public void Advance(TimeSpan time)
    {
        var target = Now + time;
        while (true)
        {
            var late = Waiting.Concat(Resuming).Where(call => call.Deadline <= target).MinBy(call => call.Deadline);
            if (BackoffTimer is { } timer && timer <= target && (late is null || timer <= late.Deadline))
            {
                Now = timer > Now ? timer : Now;
                BackoffTimer = null;
                Maintain();
            }
            else if (late is not null)
            {
                Now = late.Deadline;
                late.Outcome = AcquireOutcome.TimedOut;
                Leave(late);
            }
            else
            {
                Now = target;
                return;
            }
        }
    }

    private int Limit => options.TenantMaxInstances == 0 ? int.MaxValue : options.TenantMaxInstances;

    private long InUse(long bytes) => Math.Max(bytes, options.InUseBytes);

    private int Held(string tenant) => Active.Count(one => one.Tenant == tenant) + Making.Count(one => one.Tenant == tenant);

    private bool MayCreate() => _backoff is null || Now >= _backoffEnds;

    private void Leave(Call call)
    {
        if (call.Resuming is { } instance)
        {
            Resuming.Remove(call);
            PutBack(instance);
        }
        else
        {
            Waiting.Remove(call);
            if (!Waiting.Any(one => one.Tenant == call.Tenant))
            {
                Turns.Remove(call.Tenant);
            }
        }

        Dispatch();
    }

    private void PutBack(Instance instance)
    {
        if (instance.ExpiresAt <= Now)
        {
            Destroyed++;
        }
        else
        {
            Suspended.Insert(Suspended.TakeWhile(one => one.ExpiresAt <= instance.ExpiresAt).Count(), instance);
        }
    }

    private Call? Next()
    {
        var share = Math.Min(Limit, Math.Max(1, (int)(options.MaxInstances * options.TenantShare)));
        return Resumed(share) ?? New(share) ?? Resumed(Limit) ?? New(Limit);

        Call? Resumed(int below) => Resuming.FirstOrDefault(call => Held(call.Tenant) < below);
        Call? New(int below) => Turns.FirstOrDefault(name => Held(name) < below) is { } tenant ? Waiting.First(call => call.Tenant == tenant) : null;
    }

    private void Dispatch()
    {
        while (Next() is { } call)
        {
            if (call.Resuming is not null)
            {
                if (!GrantResumed(call))
                {
                    return;
                }

                continue;
            }

            if (!Grant(call))
            {
                return;
            }

            Waiting.Remove(call);
            var place = Turns.IndexOf(call.Tenant);
            var order = Turns.Skip(place + 1).Concat(Turns.Take(place)).ToList();
            if (Waiting.Any(one => one.Tenant == call.Tenant))
            {
                order.Add(call.Tenant);
            }

            Turns.Clear();
            Turns.AddRange(order);
        }
    }

    private bool Grant(Call call)
    {
        var busy = Active.Count + Making.Count > 0;
        var found = Idle.LastOrDefault(one => ReferenceEquals(one.Affinity, call.Affinity)) ?? Idle.LastOrDefault();
        if (found is null)
        {
            if (Active.Count + Making.Count >= options.MaxInstances || !MayCreate()
                || (busy && Charged + InUse(_newBytes) > options.MaxBytes))
            {
                return false;
            }

            call.IsMaking = true;
            Making.Add(call);
            return true;
        }

        if (busy && Charged - Idle.Sum(one => one.Bytes) + InUse(found.Bytes) > options.MaxBytes)
        {
            return false;
        }

        Reused++;
        AffinityHits += call.Affinity is not null && ReferenceEquals(found.Affinity, call.Affinity) ? 1 : 0;
        found.Uses++;
        found.Tenant = call.Tenant;
        Idle.Remove(found);
        Take(call, found);
        return true;
    }

    private bool GrantResumed(Call call)
    {
        var instance = call.Resuming!;
        var busy = Active.Count + Making.Count;
        if (busy >= options.MaxInstances
            || (busy > 0 && Charged - Idle.Sum(one => one.Bytes) + InUse(instance.Bytes) > options.MaxBytes))
        {
            return false;
        }

        if (busy + Idle.Count >= options.MaxInstances)
        {
            Idle.RemoveAt(0);
            Destroyed++;
        }

        Resuming.Remove(call);
        Take(call, instance);
        return true;
    }

    private void Take(Call call, Instance instance)
    {
        Active.Add(instance);
        call.Got = instance;
        call.Outcome = AcquireOutcome.Acquired;
        Evict();
        Note();
    }

    private void Evict()
    {
        while (Charged > options.MaxBytes && Idle.Count > 0 && Idle.Count + Active.Count + Making.Count > 1)
        {
            Idle.RemoveAt(0);
            Destroyed++;
        }
    }

    private void Expire() => Destroyed += Suspended.RemoveAll(one => one.ExpiresAt <= Now);

    private void Note() => PeakBytes = Math.Max(PeakBytes, Bytes);
}
