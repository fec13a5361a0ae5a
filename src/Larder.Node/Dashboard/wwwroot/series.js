// The figures over time: steps as the node cut them, and live samples after them. Counters say what happened within a
// step, so a rate is a count over the step's seconds and a ratio is hits over lookups, at any resolution.

const levels = new Set(['entries', 'bytes', 'workingSetBytes', 'queuedEntries']);
const rowFields = ['lookups', 'hits', 'hitBytes', 'storedBytes', 'evicted', 'entries', 'bytes'];
const nodeFields = ['requests', 'sentBytes', 'receivedBytes', 'errors', 'cpuMicroseconds', 'workingSetBytes', 'queuedEntries'];

const rowKey = (scope, kind) => `${scope}\n${kind ?? ''}`;

export class Series {
  constructor(history) {
    this.windowMs = history.windowSeconds * 1000;
    this.sequence = history.sequence;
    this.time = [...history.time];
    this.seconds = [...history.seconds];
    // Steps after the first are all of one length; live samples are gathered into steps of that length.
    this.step = history.seconds.length > 2 ? history.seconds[Math.floor(history.seconds.length / 2)] : 1;
    this.rows = new Map(history.rows.map(row => [rowKey(row.scope, row.kind), { ...row }]));
    this.node = history.node;
    this.removals = new Map(Object.entries(history.removals));
  }

  /** Adds one live sample. False when samples are missing before it, so that everything must be loaded again. */
  add(live) {
    if (live.sequence === this.sequence) return true;
    if (live.sequence !== this.sequence + 1) return false;
    this.sequence = live.sequence;
    const last = this.time.length - 1;
    const merge = last >= 0 && this.seconds[last] + live.seconds <= this.step * 1.2;
    if (merge) {
      this.time[last] = live.time;
      this.seconds[last] += live.seconds;
    } else {
      this.time.push(live.time);
      this.seconds.push(live.seconds);
    }
    const changed = new Map(live.rows.map(row => [rowKey(row.scope, row.kind), row]));
    for (const [key, row] of changed) {
      if (!this.rows.has(key)) this.rows.set(key, this.#blank(row, this.time.length - (merge ? 0 : 1)));
    }
    for (const [key, row] of this.rows) {
      for (const field of rowFields) put(row[field], changed.get(key)?.[field], merge, levels.has(field));
    }
    for (const field of nodeFields) put(this.node[field], live.node[field], merge, levels.has(field));
    for (const reason of Object.keys(live.removals)) {
      if (!this.removals.has(reason)) this.removals.set(reason, new Array(this.time.length - (merge ? 0 : 1)).fill(0));
    }
    for (const [reason, counts] of this.removals) put(counts, live.removals[reason], merge, false);
    this.#forget();
    return true;
  }

  row(scope, kind = null) {
    return this.rows.get(rowKey(scope, kind));
  }

  kinds(scope) {
    return [...this.rows.values()].filter(row => row.scope === scope && row.kind != null).map(row => row.kind);
  }

  /** A counter as a rate per second. */
  rate(counts) {
    return counts.map((value, at) => (this.seconds[at] > 0 ? value / this.seconds[at] : 0));
  }

  /** Hits over lookups in the last so many seconds before each step; null where nothing was looked up. */
  ratio(row, overSeconds) {
    const steps = Math.max(1, Math.round(overSeconds / this.step));
    let hits = 0;
    let lookups = 0;
    return row.lookups.map((value, at) => {
      hits += row.hits[at];
      lookups += value;
      if (at >= steps) {
        hits -= row.hits[at - steps];
        lookups -= row.lookups[at - steps];
      }
      return lookups > 0 ? Math.min(1, hits / lookups) : null;
    });
  }

  /** Counters per second in about `bars` wide steps: { time, seconds, values } for bars that can be seen. */
  bins(named, bars) {
    const width = Math.max(this.step * 1000, this.windowMs / bars);
    const slots = [];
    this.time.forEach((time, at) => {
      const slot = Math.floor((time - 1) / width);
      if (slots.at(-1)?.slot !== slot) slots.push({ slot, from: at, to: at });
      else slots.at(-1).to = at;
    });
    return {
      time: slots.map(({ slot }) => (slot + 1) * width),
      span: width,
      series: named.map(({ values, ...rest }) => ({
        ...rest,
        values: slots.map(({ from, to }) => sum(values, from, to) / Math.max(1, sum(this.seconds, from, to))),
      })),
    };
  }

  #blank(row, past) {
    const made = { scope: row.scope, kind: row.kind };
    for (const field of rowFields) made[field] = new Array(past).fill(0);
    return made;
  }

  #forget() {
    const oldest = this.time.at(-1) - this.windowMs;
    let stale = 0;
    while (stale < this.time.length && this.time[stale] < oldest) stale++;
    if (stale === 0) return;
    const all = [this.time, this.seconds, ...this.removals.values(), ...nodeFields.map(field => this.node[field])];
    for (const row of this.rows.values()) all.push(...rowFields.map(field => row[field]));
    for (const values of all) values.splice(0, stale);
  }
}

/** The last minute at full resolution, for the headline. */
export class Recent {
  constructor(history) {
    const all = history.rows.find(row => row.scope === 'all' && row.kind == null);
    this.samples = history.time.map((time, at) => ({
      seconds: history.seconds[at],
      lookups: all?.lookups[at] ?? 0,
      hits: all?.hits[at] ?? 0,
      hitBytes: all?.hitBytes[at] ?? 0,
      requests: history.node.requests[at],
      sentBytes: history.node.sentBytes[at],
    }));
  }

  add(live) {
    const all = live.rows.find(row => row.scope === 'all' && row.kind == null);
    this.samples.push({ seconds: live.seconds, ...all, requests: live.node.requests, sentBytes: live.node.sentBytes });
    if (this.samples.length > 60) this.samples.shift();
  }

  /** What happened in the last so many samples, and how long they took. */
  over(samples) {
    const total = { seconds: 0, lookups: 0, hits: 0, hitBytes: 0, requests: 0, sentBytes: 0 };
    for (const sample of this.samples.slice(-samples)) {
      for (const field of Object.keys(total)) total[field] += sample[field] ?? 0;
    }
    return total;
  }
}

function put(values, value, merge, level) {
  if (!merge) values.push(value ?? (level ? values.at(-1) ?? 0 : 0));
  else if (!level) values[values.length - 1] += value ?? 0;
  else if (value != null) values[values.length - 1] = value;
}

function sum(values, from, to) {
  let total = 0;
  for (let at = from; at <= to; at++) total += values[at] ?? 0;
  return total;
}
