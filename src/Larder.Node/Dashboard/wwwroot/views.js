// Tiles, tables and lists: what each shows of the node's reports.

import { hasToken } from './api.js';
import { h, find, say, Table } from './dom.js';
import { amount, bytes, bytesParts, bytesPerSecond, capital, clock, count, duration, percent, perSecond, words } from './format.js';

export class Tiles {
  constructor(host) {
    this.parts = {};
    for (const [name, title] of [
      ['hitRatio', 'Hit ratio, last minute'], ['requests', 'Requests'], ['served', 'Served'], ['saved', 'Time saved'], ['held', 'Held'],
    ]) {
      const value = h('div', { className: 'value', 'data-figure': name });
      const more = h('div', { className: 'more' });
      host.append(h('article', { className: 'tile' }, h('h2', null, title), value, more));
      this.parts[name] = { value, more };
    }
  }

  #set(name, [figure, unit], more, raw) {
    const { value, more: below } = this.parts[name];
    const key = `${figure}|${unit}`;
    if (value.dataset.shown !== key) {
      value.dataset.shown = key;
      value.replaceChildren(figure, unit ? h('span', { className: 'unit' }, unit) : '');
    }
    value.dataset.value = raw ?? '';
    say(below, more);
  }

  show(stats, totals, recent) {
    const minute = recent.over(60);
    const now = recent.over(5);
    const ratio = minute.lookups > 0 ? Math.min(1, minute.hits / minute.lookups) : null;
    const since = totals.lookups > 0 ? Math.min(1, totals.hits / totals.lookups) : null;
    this.#set('hitRatio', percent(ratio).split(/ (?=%)/), totals.lookups > 0 ? `${percent(since)} of ${count(totals.lookups)} since start` : 'no lookups yet', since);
    const requests = stats.node.requests;
    this.#set('requests', [amount(now.seconds > 0 ? now.requests / now.seconds : 0), 'a second'], `${count(requests)} since start`, requests);
    const [size, unit] = bytesParts(now.seconds > 0 ? now.hitBytes / now.seconds : 0);
    this.#set('served', [size, `${unit}/s`], `${bytes(totals.hitBytes)} since start`, totals.hitBytes);
    const saved = stats.node.savedSeconds;
    this.#set('saved', [saved > 0 ? duration(saved) : '–', ''], saved > 0 ? 'by hits whose cost is known' : 'no hit says what it cost', saved);
    const kinds = stats.kinds.filter(kind => kind.entries > 0).length;
    this.#set('held', bytesParts(totals.bytes), `${count(totals.entries)} entries of ${kinds} ${kinds === 1 ? 'kind' : 'kinds'}`, totals.entries);
  }
}

const meter = (used, color) => h('span', { className: 'meter', 'aria-hidden': 'true' }, h('i', { width: `${Math.min(100, used * 100)}%`, color: `var(${color})` }));
const swatch = (name, color) => h('span', null, h('span', { className: 'swatch', color: `var(${color})` }), name);

export function tiersTable(table) {
  return new Table(table, [
    { name: 'Tier', text: true, value: tier => swatch(tier.tier, `--${tier.tier}`) },
    { name: 'Hit ratio', value: tier => percent(tier.lastMinute?.hitRatio ?? null) },
    { name: 'Lookups', value: tier => perSecond(tier.lastMinute?.lookupsPerSecond ?? null) },
    { name: 'Served', value: tier => bytesPerSecond(tier.lastMinute?.hitBytesPerSecond ?? null) },
    { name: 'Stored', value: tier => bytesPerSecond(tier.lastMinute?.storedBytesPerSecond ?? null) },
    { name: 'Entries', value: tier => (tier.tier === 'remote' ? '–' : count(tier.entries) + (tier.maxEntries > 0 ? ` of ${count(tier.maxEntries)}` : '')) },
    {
      name: 'Weight of capacity',
      value: tier => (tier.tier === 'remote' ? '–'
        : tier.capacityBytes === 0 ? 'switched off'
          : tier.capacityBytes > 0 ? h('span', null, `${bytes(tier.bytes)} of ${bytes(tier.capacityBytes)}`, meter(tier.bytes / tier.capacityBytes, `--${tier.tier}`))
            : bytes(tier.bytes)),
    },
    { name: 'In flight', value: tier => bytes(tier.reservedBytes) },
    { name: 'Queued', value: tier => (tier.queuedEntries > 0 ? `${count(tier.queuedEntries)} (${bytes(tier.queuedBytes)})` : '0') },
    { name: 'Errors', value: tier => count(tier.errors) },
    { name: 'State', text: true, value: tier => (tier.available ? 'taking work' : h('span', { className: 'tag bad' }, 'passed over')) },
  ], 'The cache has no tiers.');
}

export function kindsTable(table, colorOf) {
  return new Table(table, [
    { name: 'Kind', text: true, value: kind => swatch(kind.kind, colorOf(kind.kind)) },
    { name: 'Hit ratio, last minute', value: kind => percent(kind.lastMinute?.hitRatio ?? null) },
    { name: 'Since the start', value: kind => percent(kind.hitRatio) },
    { name: 'Lookups', value: kind => count(kind.lookups) },
    { name: 'Hits', value: kind => count(kind.hits) },
    { name: 'Served', value: kind => bytes(kind.hitBytes) },
    { name: 'Stored', value: kind => count(kind.stored) },
    { name: 'Evicted', value: kind => count(kind.evicted) },
    { name: 'Entries', value: kind => count(kind.entries) },
    { name: 'Weight', value: kind => bytes(kind.bytes) },
  ], 'No kind of artifact has been seen yet. Kinds appear with the first request of each client.');
}

const when = time => h('time', { datetime: time, title: new Date(time).toLocaleString() }, clock(time, true));
const name = fingerprint => h('code', { title: fingerprint }, fingerprint.slice(0, 10));

/** Recent events, newest first, kept within a bound as they come in. */
export class Events {
  #removals = [];
  #misses = [];
  #drawn = new Set();

  constructor(colorOf) {
    this.next = 1;
    this.list = find('misses');
    this.table = new Table(find('removals'), [
      { name: 'Time', text: true, value: one => when(one.time) },
      { name: 'Reason', text: true, value: one => h('span', { className: one.reason === 'quarantined' ? 'tag bad' : 'tag' }, words(one.reason)) },
      { name: 'Tier', text: true, value: one => swatch(one.tier, `--${one.tier}`) },
      { name: 'Kind', text: true, value: one => swatch(one.kind, colorOf(one.kind)) },
      { name: 'Weight', value: one => bytes(one.bytes) },
      { name: 'Unused for', hint: 'Uses of other entries in the same part of the tier since this one was last used', value: one => (one.ageTicks == null ? '–' : `${amount(one.ageTicks)} uses`) },
      { name: 'Entry', text: true, value: one => name(one.fingerprint) },
    ], 'Nothing has left a tier. When one is full, what it lets go shows here with the limit that was reached.');
  }

  reset() {
    this.next = 1;
    this.#removals = [];
    this.#misses = [];
    this.#drawn.clear();
    this.list.replaceChildren();
  }

  add(report) {
    this.next = report.next;
    this.#removals = [...report.removals.toReversed(), ...this.#removals].slice(0, 100);
    this.#misses = [...report.misses.toReversed(), ...this.#misses].slice(0, 60);
    this.table.show(this.#removals, one => one.number);
    const left = Object.values(report.removed).reduce((sum, one) => sum + one, 0);
    say(find('removals-note'), left === 0 ? '' : `${count(left)} since the start: ${Object.entries(report.removed).sort((a, b) => b[1] - a[1]).map(([reason, number]) => `${count(number)} ${words(reason)}`).join(', ')}.`);
    say(find('misses-note'), report.missesDropped > 0 ? `In busy seconds only some are explained; ${count(report.missesDropped)} were not.` : '');
    this.#showMisses();
  }

  #showMisses() {
    if (this.#misses.length === 0) {
      this.list.replaceChildren(h('li', { className: 'none' }, 'No lookup has missed lately. A miss shows here with the nearest artifact that was known and the parts of the recipe in which they differ.'));
      return;
    }
    const fresh = this.#misses.filter(miss => !this.#drawn.has(miss.number));
    if (this.#drawn.size === 0) this.list.replaceChildren();
    for (const miss of fresh.toReversed()) {
      this.#drawn.add(miss.number);
      this.list.prepend(missItem(miss));
    }
    while (this.list.children.length > 60) this.list.lastChild.remove();
  }
}

function missItem(miss) {
  return h('li', { 'data-number': miss.number },
    h('div', { className: 'head' }, h('span', { className: 'tag' }, miss.kind), name(miss.fingerprint), h('span', { className: 'quiet' }, when(miss.time))),
    h('div', null, ...reason(miss)),
    miss.differences.length > 0 ? h('dl', null, ...miss.differences.flatMap(difference)) : null);
}

function reason(miss) {
  switch (miss.cause) {
    case 'left': return [`It was here until ${clock(miss.leftAt, true)} and left: ${words(miss.leftReason)}.`];
    case 'seen': return ['The same recipe was asked for before; its artifact is gone or was never stored.'];
    case 'differs': return ['Nearest known is ', name(miss.nearest), miss.differences.length === 1 ? '; one part differs.' : `; ${miss.differences.length} parts differ.`];
    default: return ['Nothing like it has been seen here.'];
  }
}

// A digest is known by its beginning; the whole of it is in the title.
const shown = value => (/^[0-9a-f]{40,}$/.test(value) ? `${value.slice(0, 16)}…` : value);

function difference({ name: part, before, now }) {
  const value = [];
  if (before != null) value.push(h('del', { title: before, 'aria-label': `before: ${before}` }, shown(before)));
  if (before != null && now != null) value.push(h('span', { className: 'arrow', 'aria-hidden': 'true' }, '→'));
  if (now != null) value.push(h('ins', { title: now, 'aria-label': `now: ${now}` }, shown(now)));
  if (before == null) value.push(h('span', { className: 'quiet' }, ' added'));
  if (now == null) value.push(h('span', { className: 'quiet' }, ' removed'));
  return [h('dt', null, part), h('dd', null, ...value)];
}

export function showFacts(stats) {
  const { node } = stats;
  const facts = [
    ['Version', node.version],
    ['State', node.state],
    ['Running for', duration(node.uptimeSeconds)],
    ['Listens on', node.addresses.join(', ') || '–'],
    ['Data directory', node.dataDirectory ?? 'none'],
    ['Recovery', node.recoveryFraction >= 1 ? `complete, ${count(node.recoveredEntries)} entries found` : `${percent(node.recoveryFraction)}, ${count(node.recoveredEntries)} entries so far`],
    ['Upstream', node.upstream == null ? 'none' : `${node.upstream}, circuit ${words(node.circuit ?? 'closed')}`],
    ['Requests in flight', count(node.activeRequests)],
    ['Connections', count(node.connections)],
    ['Failed requests', count(node.requestErrors)],
    ['Fills in flight', count(stats.flights)],
    ['Received, sent', `${bytes(node.receivedBytes)}, ${bytes(node.sentBytes)}`],
    ['Memory of the process', `${bytes(node.workingSetBytes)}, ${bytes(node.managedHeapBytes)} of it managed`],
    ['Processor time', duration(node.cpuSeconds)],
  ];
  const host = find('facts');
  if (host.children.length !== facts.length) {
    host.replaceChildren(...facts.map(([title]) => h('div', null, h('dt', null, title), h('dd'))));
  }
  facts.forEach(([, value], at) => say(host.children[at].lastChild, value));
  say(find('node-summary'), `${node.version} · up ${duration(node.uptimeSeconds)}`);
  showBanner(stats);
}

function showBanner({ node, tiers }) {
  const broken = tiers.filter(tier => !tier.available).map(tier => tier.tier);
  const text = node.state === 'draining' ? 'This node is draining: it finishes what it has and takes nothing new.'
    : node.recoveryFraction < 1 ? `Recovering ${percent(node.recoveryFraction)}: what is not found yet counts as a miss.`
      : broken.length > 0 ? `${capital(broken.join(' and '))} ${broken.length > 1 ? 'are' : 'is'} passed over for now: lookups go on to the other tiers.`
        : '';
  find('banner').hidden = text === '';
  say(find('banner'), text);
}

export function showLesson(stats) {
  const idle = stats.total.lookups === 0 && stats.total.stored === 0;
  find('lesson').hidden = !idle;
  if (!idle || find('snippets').children.length > 0) return;
  const origin = location.origin;
  const token = hasToken();
  const curl = token ? 'curl -H "Authorization: Bearer $TOKEN"' : 'curl';
  const snippets = [
    ['ccache', `export CCACHE_REMOTE_STORAGE=\\\n${origin}/ccache${token ? "'|'bearer-token=$TOKEN" : ''}\nmake CC='ccache gcc'`],
    ['Bazel', `bazel build //... \\\n  --remote_cache=${origin}${token ? ' \\\n  --remote_header="Authorization=Bearer $TOKEN"' : ''}`],
    ['Anything else', `URL=${origin}/v1/artifacts/demo\nNAME=$(sha256sum < FILE | cut -c1-64)\n${curl} -T FILE $URL/$NAME\n${curl} $URL/$NAME`],
  ];
  find('snippets').append(...snippets.map(([title, text]) => h(
    'div', { className: 'snippet' },
    h('header', null, h('h3', null, title), h('button', { type: 'button', className: 'copy', onclick: event => copy(event.currentTarget, text) }, 'Copy')),
    h('pre', null, text))));
}

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Select it';
  }
  setTimeout(() => { button.textContent = 'Copy'; }, 2000);
}
