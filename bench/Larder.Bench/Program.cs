using Larder.Bench.Arena;

return args switch
{
    ["arena", .. var rest] => ArenaBench.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: Larder.Bench arena [start|allocate|soak|hit]");
    return 2;
}
