using System.Globalization;
using Larder.Oci;
using Larder.Oci.Indexes;
using Larder.Oci.Merging;
using Larder.Tests.Oci.Indexes;

namespace Larder.Tests.Oci.Merging;

/// <summary>Random layers, applied by the merger and by a dictionary of paths that removes by scanning.</summary>
public sealed class ImageTreeModelTests(ITestOutputHelper output)
{
    private static readonly string[] Names = ["a", "b", "c", "d", "\xFF"];

    [Fact]
    public void Random_layers_merge_as_in_the_model()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var refused = 0;
        for (var round = 0; round < 4_000; round++)
        {
            refused += Compare(new Random(seed + round), seed + round) ? 0 : 1;
        }

        Assert.True(refused < 3_000, $"{refused} rounds were refused");
    }

    private static bool Compare(Random random, int seed)
    {
        var model = new Model();
        var layers = new List<LayerIndex>();
        for (var layer = random.Next(1, 5); layer > 0; layer--)
        {
            var draft = new LayerDraft();
            model.BeginLayer();
            for (var entry = random.Next(1, 14); entry > 0; entry--)
            {
                AddEntry(random, draft, model);
            }

            layers.Add(draft.Build());
        }

        if (model.IsRefused)
        {
            Assert.Throws<OciException>(() => ImageTree.Merge(layers));
            return false;
        }

        var actual = TreeText.Lines(ImageTree.Merge(layers));
        Assert.True(model.Lines().SequenceEqual(actual), $"seed {seed}\n{string.Join('\n', model.Lines())}\n--\n{string.Join('\n', actual)}");
        return true;
    }

    private static void AddEntry(Random random, LayerDraft draft, Model model)
    {
        var path = RandomPath(random);
        var time = random.Next(1_000);
        switch (random.Next(12))
        {
            case < 3:
                draft.Directory(path, time: time);
                model.Put(path, LayerEntryType.Directory, time, 0, "");
                break;
            case < 6:
                var size = random.Next(5);
                draft.File(path, new string('x', size), time: time);
                model.Put(path, LayerEntryType.File, time, size, "");
                break;
            case 6 or 7:
                var target = (random.Next(3) == 0 ? "/" : "") + (random.Next(3) == 0 ? "../" : "") + RandomPath(random);
                draft.Symlink(path, target);
                model.Put(path, LayerEntryType.Symlink, 1, target.Length, target);
                break;
            case 8:
                var linked = RandomPath(random);
                if (model.CanLink(linked))
                {
                    draft.Link(path, linked);
                    model.Link(path, linked);
                }

                break;
            case 9 or 10:
                var cut = path.LastIndexOf('/') + 1;
                draft.File(path[..cut] + ".wh." + path[cut..]);
                model.Whiteout(path, isOpaque: false);
                break;
            default:
                draft.File(path + "/.wh..wh..opq");
                model.Whiteout(path, isOpaque: true);
                break;
        }
    }

    private static string RandomPath(Random random) =>
        string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Names[random.Next(Names.Length)]));

    private sealed class Model
    {
        private readonly Dictionary<string, Inode> _paths = new(StringComparer.Ordinal) { [""] = new Inode(LayerEntryType.Directory, 0, 0, "") };
        private readonly HashSet<string> _touched = new(StringComparer.Ordinal);

        public bool IsRefused { get; private set; }

        public void BeginLayer() => _touched.Clear();

        public void Put(string path, LayerEntryType type, long time, long size, string target)
        {
            if (Place(path, makes: true) is not { } place)
            {
                return;
            }

            if (type == LayerEntryType.Directory && _paths.TryGetValue(place, out var existing) && existing.Type == type)
            {
                existing.Time = time;
            }
            else
            {
                RemoveAll(place);
                _paths[place] = new Inode(type, time, size, target);
            }

            Touch(place);
        }

        public bool CanLink(string target)
        {
            var before = IsRefused;
            var isThere = Place(target, makes: false) is { } found && _paths.TryGetValue(found, out var inode)
                && inode.Type != LayerEntryType.Directory;
            IsRefused = before;
            return isThere;
        }

        public void Link(string path, string target)
        {
            if (Place(path, makes: true) is not { } place)
            {
                return;
            }

            var found = Place(target, makes: false);
            if (found is null || !_paths.TryGetValue(found, out var inode) || found.StartsWith(place + "/", StringComparison.Ordinal))
            {
                IsRefused = true;
                return;
            }

            RemoveAll(place);
            _paths[place] = inode;
            Touch(place);
        }

        public void Whiteout(string path, bool isOpaque)
        {
            var top = isOpaque ? Directory(path.Split('/'), makes: false, refuses: false) : Place(path, makes: false, refuses: false);
            if (top is null)
            {
                return;
            }

            var below = top.Length == 0 ? "/" : top + "/";
            foreach (var name in _paths.Keys.ToList())
            {
                if (((name == top && !isOpaque) || (name.Length > 0 && name.StartsWith(below, StringComparison.Ordinal))) && !_touched.Contains(name))
                {
                    _paths.Remove(name);
                }
            }
        }

        public List<string> Lines()
        {
            var first = new Dictionary<Inode, string>();
            var ordered = _paths.OrderBy(static pair => pair.Key.Split('/'), Comparer<string[]>.Create(Compare)).ToList();
            var counts = _paths.Values.GroupBy(static inode => inode).ToDictionary(static g => g.Key, static g => g.Count());
            return [.. ordered.Select(pair =>
            {
                first.TryAdd(pair.Value, pair.Key);
                var isDirectory = pair.Value.Type == LayerEntryType.Directory;
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{pair.Key}\t{pair.Value.Type}\t{pair.Value.Mode}\t{(isDirectory ? 0 : counts[pair.Value])}\t{pair.Value.Time}\t{pair.Value.Size}\t{pair.Value.Target}\t{(isDirectory ? pair.Key : first[pair.Value])}");
            })];
        }

        private static int Compare(string[]? left, string[]? right)
        {
            for (var part = 0; part < Math.Min(left!.Length, right!.Length); part++)
            {
                if (string.CompareOrdinal(left[part], right[part]) is var order and not 0)
                {
                    return order;
                }
            }

            return left.Length - right!.Length;
        }

        private string? Place(string path, bool makes, bool refuses = true)
        {
            var parts = path.Split('/');
            var directory = Directory(parts[..^1], makes, refuses && makes);
            return directory is null ? null : directory + "/" + parts[^1];
        }

        // Walks as a process in a root of its own would, but goes on, as text, where nothing is.
        private string? Directory(string[] parts, bool makes, bool refuses)
        {
            var ahead = new LinkedList<string>(parts);
            var at = "";
            for (var steps = 0; ahead.First is { } next; steps++)
            {
                ahead.RemoveFirst();
                if (steps > 3_000)
                {
                    // A whiteout through a circle is refused by the merger as well.
                    IsRefused = true;
                    return null;
                }

                if (next.Value is "" or ".")
                {
                    continue;
                }

                if (next.Value == "..")
                {
                    at = at.Length == 0 ? at : at[..at.LastIndexOf('/')];
                    continue;
                }

                var place = at + "/" + next.Value;
                if (!_paths.TryGetValue(place, out var inode) || inode.Type == LayerEntryType.Directory)
                {
                    at = place;
                    continue;
                }

                if (inode.Type != LayerEntryType.Symlink)
                {
                    IsRefused |= refuses;
                    return null;
                }

                var target = inode.Target.Split('/');
                for (var part = target.Length - 1; part >= 0; part--)
                {
                    ahead.AddFirst(target[part]);
                }

                at = inode.Target[0] == '/' ? "" : at;
            }

            return Exists(at, makes) ? at : null;
        }

        private bool Exists(string directory, bool makes)
        {
            for (var end = 1; end <= directory.Length; end++)
            {
                if (end < directory.Length && directory[end] != '/')
                {
                    continue;
                }

                if (!_paths.ContainsKey(directory[..end]))
                {
                    if (!makes)
                    {
                        return false;
                    }

                    _paths[directory[..end]] = new Inode(LayerEntryType.Directory, 0, 0, "");
                    Touch(directory[..end]);
                }
            }

            return true;
        }

        private void RemoveAll(string path)
        {
            foreach (var name in _paths.Keys.Where(name => name == path || name.StartsWith(path + "/", StringComparison.Ordinal)).ToList())
            {
                _paths.Remove(name);
                _touched.Remove(name);
            }
        }

        private void Touch(string path)
        {
            for (; path.Length > 0; path = path[..path.LastIndexOf('/')])
            {
                _touched.Add(path);
            }
        }
    }

    private sealed class Inode(LayerEntryType type, long time, long size, string target)
    {
        public LayerEntryType Type { get; } = type;

        public long Time { get; set; } = time;

        public long Size { get; } = size;

        public string Target { get; } = target;

        public int Mode => Type switch
        {
            LayerEntryType.Directory => 0b111_101_101,
            LayerEntryType.Symlink => 0x1FF,
            _ => 0b110_100_100,
        };
    }
}
