namespace Larder.EndToEnd.Dashboard;

/// <summary>What tests run in the page.</summary>
internal static class Scripts
{
    /// <summary>Relative luminance of the page's background. Source: WCAG 2.2, "relative luminance".</summary>
    public const string LuminanceOfPage = "() => {" + Luminance + " return luminance(getComputedStyle(document.body).backgroundColor); }";

    /// <summary>Visible texts with a contrast below 4.5 to the nearest painted background.</summary>
    public const string TextWithLittleContrast = "() => {" + Luminance + """
          const found = new Set();
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (walker.currentNode.textContent.trim() === '' || !element.checkVisibility() || element.closest('.hidden, .skip, script, noscript')) continue;
            let behind = element;
            while (behind !== document.documentElement && /, 0\)$|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
            const [a, b] = [luminance(getComputedStyle(element).color), luminance(getComputedStyle(behind).backgroundColor)];
            const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (contrast < 4.5) found.add(`${walker.currentNode.textContent.trim().slice(0, 30)}: ${contrast.toFixed(2)}`);
          }
          return [...found];
        }
        """;

    /// <summary>Says what is wrong with the series of <c>series.js</c>.</summary>
    public const string SeriesFacts = """
        async () => {
          const { Series, Recent } = await import('/dashboard/series.js');
          const wrong = [];
          const check = (name, is, should) => {
            if (JSON.stringify(is) !== JSON.stringify(should)) wrong.push(`${name}: ${JSON.stringify(is)}, not ${JSON.stringify(should)}`);
          };
          const rowOf = (scope, kind, numbers) => Object.assign({ scope, kind }, ...['lookups', 'hits', 'hitBytes', 'storedBytes', 'evicted', 'entries', 'bytes'].map(name => ({ [name]: [...(numbers[name] ?? numbers.rest)] })));
          const nodeOf = steps => Object.fromEntries(['requests', 'sentBytes', 'receivedBytes', 'errors', 'cpuMicroseconds', 'workingSetBytes', 'queuedEntries'].map(name => [name, new Array(steps).fill(0)]));
          const live = (sequence, time, rows, removals = {}) => ({ sequence, time, seconds: 1, rows, removals, node: { requests: 1, sentBytes: 2 } });
          const one = (scope, kind, lookups, hits, bytes) => ({ scope, kind, lookups, hits, hitBytes: hits * 10, storedBytes: 0, evicted: 0, entries: 1, bytes });

          // Steps of two seconds: two live samples make one more step.
          const history = { windowSeconds: 10, sequence: 6, time: [2000, 4000, 6000], seconds: [2, 2, 2], node: nodeOf(3), removals: {},
            rows: [rowOf('all', null, { lookups: [4, 0, 8], hits: [1, 0, 8], rest: [0, 0, 0] })] };
          const recent = new Recent(history);
          const series = new Series(history);
          check('rate', series.rate(series.row('all').lookups), [2, 0, 4]);
          check('ratio', series.ratio(series.row('all'), 2), [0.25, null, 1]);
          check('ratio over more', series.ratio(series.row('all'), 4), [0.25, 0.25, 1]);
          check('takes the next', series.add(live(7, 7000, [one('all', null, 10, 5, 50), one('all', 'cc', 3, 1, 7)], { byteLimit: 4 })), true);
          check('takes one after', series.add(live(8, 8000, [one('all', null, 2, 1, 60)], { byteLimit: 1 })), true);
          check('merged lookups', series.row('all').lookups, [4, 0, 8, 12]);
          check('level is the latest', series.row('all').bytes, [0, 0, 0, 60]);
          check('a new kind begins at zero', series.row('all', 'cc').lookups, [0, 0, 0, 3]);
          check('a level stays', series.row('all', 'cc').bytes, [0, 0, 0, 7]);
          check('removals', series.removals.get('byteLimit'), [0, 0, 0, 5]);
          check('refuses a gap', series.add(live(10, 9000, [])), false);
          check('ignores what it has', series.add(live(8, 8000, [one('all', null, 2, 1, 60)])), true);
          for (let at = 9; at < 40; at++) series.add(live(at, at * 1000, [one('all', null, 1, 1, 60)]));
          check('forgets what is older than the window', series.time.every(time => time >= series.time.at(-1) - 10000), true);
          check('keeps all series of one length', new Set([series.time, series.seconds, ...series.removals.values(), ...[...series.rows.values()].flatMap(row => [row.lookups, row.bytes, row.entries]), series.node.requests].map(values => values.length)).size, 1);
          const bins = series.bins([{ name: 'n', values: series.row('all').lookups }], 5);
          check('bins are rates', bins.series[0].values.every(value => Math.abs(value - 1) < 1e-9), true);
          check('a gap in the ratio', series.ratio({ lookups: [0, 0], hits: [0, 0] }, 60), [null, null]);

          recent.add(live(7, 7000, [one('all', null, 10, 5, 0)]));
          check('recent', recent.over(2), { seconds: 3, lookups: 18, hits: 13, hitBytes: 50, requests: 1, sentBytes: 2 });
          return wrong;
        }
        """;

    /// <summary>Says what is wrong with the functions of <c>format.js</c> and <c>scale.js</c>.</summary>
    public const string FormatFacts = """
        async () => {
          const f = await import('/dashboard/format.js');
          const s = await import('/dashboard/scale.js');
          const wrong = [];
          const check = (is, should) => { if (JSON.stringify(is) !== JSON.stringify(should)) wrong.push(`${JSON.stringify(is)}, not ${JSON.stringify(should)}`); };
          check(f.bytes(0), '0 B');
          check(f.bytes(999), '999 B');
          check(f.bytes(1023), '1 KiB');
          check(f.bytes(1536), '1.5 KiB');
          check(f.bytes(10 * 1024 ** 3), '10 GiB');
          check(f.bytes(null), '–');
          check(f.percent(1), '100.0 %');
          check(f.percent(0.99999), '> 99.9 %');
          check(f.percent(0.00001), '< 0.1 %');
          check(f.percent(0), '0.0 %');
          check(f.percent(null), '–');
          check(f.duration(0.25), '250 ms');
          check(f.duration(59.9), '59 s');
          check(f.duration(61), '1 min 1 s');
          check(f.duration(3600), '1 h');
          check(f.duration(90061), '1 d 1 h');
          check(f.amount(9999), '9,999');
          check(f.amount(12345), '12.3k');
          check(f.words('entryAndByteLimit'), 'entry and byte limit');
          check(s.marks(100, 4, false), [0, 50, 100]);
          check(s.marks(0, 4, false), [0, 1]);
          check(s.marks(3.9, 4, false).at(-1) >= 3.9, true);
          for (const top of [1, 7, 300, 5000, 1e6, 3e9]) {
            for (const binary of [true, false]) {
              const marks = s.marks(top, 4, binary);
              if (marks.at(-1) < top || marks.length < 2 || marks.length > 7) wrong.push(`marks to ${top}: ${marks}`);
            }
          }
          const times = s.timeMarks(0, 600000, 6).times;
          check(times.length >= 2 && times.length <= 7 && times.every(time => time % 120000 === 0), true);
          return wrong;
        }
        """;

    private const string Luminance = """
          const luminance = color => {
            const [r, g, b] = color.match(/[\d.]+/g).slice(0, 3).map(part => part / 255).map(part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
        """;
}
