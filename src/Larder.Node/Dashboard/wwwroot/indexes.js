// Indexes: for each a card with its height, roots, how blocks come, what the read cache does and how long views take.

import { find, h, say, Table } from './dom.js';
import { bytes, clock, count, duration, percent, perSecond } from './format.js';

const phases = { starting: 'begins', indexing: 'indexing', atTip: 'at the tip', waitingForNode: 'waits for its node', ended: 'done' };

const partitions = { main: 'State at the tip', heights: 'State at heights', api: 'Results of views' };

const columns = [
  { name: 'Cache', text: true, value: part => partitions[part.partition] ?? part.partition },
  { name: 'Memory', value: part => `${bytes(part.memoryBytes)} of ${bytes(part.capacityBytes)}` },
  { name: 'Entries', value: part => count(part.items) },
  { name: 'Without a value', hint: 'Entries that say that a key has no value', value: part => count(part.negativeItems) },
  { name: 'Lookups', value: part => count(part.lookups) },
  { name: 'Hit ratio', value: part => percent(part.lookups > 0 ? part.hits / part.lookups : null) },
  { name: 'Evicted', value: part => count(part.evicted) },
];

const changes = [
  { name: 'When', text: true, value: seen => clock(seen.time, true) },
  { name: 'Back to block', value: seen => count(seen.ancestor) },
  { name: 'Blocks taken back', value: seen => count(seen.depth) },
  { name: 'Tip that was left', text: true, value: seen => h('code', { title: seen.oldTip }, seen.oldTip.slice(0, 20)) },
];

const milliseconds = value => (value == null ? null : value / 1000);

/** A heading over a table that can be scrolled. */
function tableOf(label, columns, empty) {
  const table = h('table');
  const host = h('div', { className: 'scroll', tabindex: 0, role: 'region', 'aria-label': label }, table);
  return { host, table: new Table(table, columns, empty) };
}

/** One index. */
class IndexCard {
  constructor(name) {
    this.about = h('p', { className: 'quiet' });
    this.problem = h('p', { className: 'problem', hidden: true });
    this.facts = h('dl', { className: 'facts' });
    this.cache = tableOf(`Read cache of ${name}`, columns, 'It has no read cache.');
    this.changes = tableOf(`Reorganisations of ${name}`, changes, 'None.');
    this.before = null;
    this.host = h('article', { className: 'index', 'data-index': name },
      h('h3', null, name), this.about, this.problem, this.facts, this.cache.host, this.changes.host);
  }

  show(index) {
    this.host.dataset.state = index.source?.phase ?? index.state;
    say(this.problem, index.failure ?? '');
    this.problem.hidden = index.failure == null;
    say(this.about, this.#about(index));
    const rows = index.indexed == null ? [] : this.#rows(index);
    this.facts.hidden = rows.length === 0;
    const wanted = h('dl', null, ...rows.flatMap(([name, value]) => [h('dt', null, name), h('dd', null, value)]));
    if (this.facts.innerHTML !== wanted.innerHTML) this.facts.replaceChildren(...wanted.childNodes);
    this.cache.host.hidden = index.cache == null;
    this.cache.table.show(index.cache?.partitions ?? [], part => part.partition);
    const seen = index.source?.lastReorganisations ?? [];
    this.changes.host.hidden = seen.length === 0;
    this.changes.table.show(seen, one => `${one.time}:${one.oldTip}`);
  }

  #about(index) {
    if (index.indexed == null) return index.state === 'opening' ? 'It is being opened.' : 'It is not open.';
    if (index.source == null) return 'It has no source of blocks: it answers about what it has.';
    const behind = index.source.height != null && index.tip != null ? Math.max(0, index.source.height - index.tip.height) : null;
    return `${phases[index.source.phase] ?? index.source.phase}: ${index.source.description}${behind > 0 ? `, ${count(behind)} blocks behind` : ''}`;
  }

  /** Blocks a second since the figures before; the mean of the run at first. */
  #rate(index) {
    const now = { at: performance.now(), blocks: index.indexed.blocks, bytes: index.indexed.bytes };
    const before = this.before;
    if (before == null || now.at - before.at >= 900) this.before = now;
    if (before == null || now.at <= before.at) {
      const busy = index.source?.busySeconds;
      return busy > 0 ? [index.source.blocks / busy, index.source.bytes / busy] : [0, 0];
    }
    const seconds = (now.at - before.at) / 1000;
    return [(now.blocks - before.blocks) / seconds, (now.bytes - before.bytes) / seconds];
  }

  #rows(index) {
    const { tip, views } = index;
    const [blocks, size] = this.#rate(index);
    const code = value => h('code', { className: 'long' }, value);
    return [
      ['Height', tip == null ? 'no blocks yet' : count(tip.height)],
      ['Block', tip == null ? '–' : code(tip.hash)],
      ['Root', tip == null ? '–' : code(tip.root)],
      ...Object.entries(tip?.prefixRoots ?? {}).map(([name, root]) => [`Root of ${name}`, code(root)]),
      ['Blocks', `${perSecond(blocks)}, ${bytes(size)}/s; ${count(index.indexed.blocks)} since the start`],
      ['Views', `${count(views.runs)} run, ${count(views.remembered)} remembered, ${count(views.failed)} failed; ${count(views.running)} run now, ${count(views.waiting)} wait`],
      ['View latency', `median ${duration(milliseconds(views.medianMs))}, 99 of 100 within ${duration(milliseconds(views.p99Ms))}, longest ${duration(milliseconds(views.longestMs))}`],
      ['Reorganisations', count(index.source?.reorganisations ?? 0)],
    ];
  }
}

/** The section of the page; not shown on a node without indexes. */
export class IndexesPanel {
  constructor() {
    this.cards = new Map();
  }

  show({ indexes }) {
    find('indexes').hidden = indexes.length === 0;
    const kept = new Map();
    for (const index of indexes) {
      const card = this.cards.get(index.name) ?? new IndexCard(index.name);
      card.show(index);
      kept.set(index.name, card);
    }
    this.cards = kept;
    const host = find('index-cards');
    const wanted = [...kept.values()].map(card => card.host);
    const same = wanted.length === host.children.length && wanted.every((card, at) => host.children[at] === card);
    if (!same) host.replaceChildren(...wanted);
  }
}
