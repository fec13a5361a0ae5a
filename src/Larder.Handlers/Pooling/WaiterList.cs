namespace Larder.Handlers.Pooling;

/// <summary>Waiting callers in the order in which they came. Not thread safe.</summary>
/// <typeparam name="TInstance">The type of instances.</typeparam>
internal sealed class WaiterList<TInstance>
    where TInstance : class
{
    private Waiter<TInstance>? _last;

    public int Count { get; private set; }

    public Waiter<TInstance>? First { get; private set; }

    public void Add(Waiter<TInstance> waiter)
    {
        waiter.List = this;
        waiter.Previous = _last;
        waiter.Next = null;
        _ = _last is null ? First = waiter : _last.Next = waiter;
        _last = waiter;
        Count++;
    }

    public void Remove(Waiter<TInstance> waiter)
    {
        _ = waiter.Previous is null ? First = waiter.Next : waiter.Previous.Next = waiter.Next;
        _ = waiter.Next is null ? _last = waiter.Previous : waiter.Next.Previous = waiter.Previous;
        waiter.List = null;
        waiter.Next = waiter.Previous = null;
        Count--;
    }
}
