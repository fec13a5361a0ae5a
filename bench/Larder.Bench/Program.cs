using Larder.Bench.Arena;
using Larder.Bench.Memory;

return args switch
{
    ["arena", .. var rest] => ArenaBench.Run(rest),
    ["memory", .. var rest] => MemoryBench.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: Larder.Bench arena [start|allocate|soak|hit] | memory [--help]");
    return 2;
}
