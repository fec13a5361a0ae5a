// The four plots of the page: what each shows of the series.

import { h } from './dom.js';
import { amount, bytes, bytesPerSecond, capital, count, percent, perSecond, words } from './format.js';
import { Plot } from './plot.js';

const tierOrder = ['memory', 'disk', 'remote'];
const reasonColors = {
  byteLimit: '--series-1', entryLimit: '--series-2', entryAndByteLimit: '--series-7', notAdmitted: '--series-8',
  resized: '--series-5', pressure: '--series-3', expired: '--series-4', quarantined: '--series-6',
  rejectedPut: '--series-8', invalidated: '--series-4', removed: '--series-5', replaced: '--series-7',
};
// Kinds begin with the colors that no tier has.
const kindPalette = [7, 5, 6, 4, 8, 3, 1, 2].map(number => `--series-${number}`);
// What left for one of these reasons was not pushed out.
const notEvictions = new Set(['replaced', 'removed', 'notAdmitted']);

/** A row of radio buttons that looks like one control. */
function choice(name, label, options, onchange) {
  return h('fieldset', { className: 'choice small' }, h('legend', { className: 'hidden' }, label), ...options.map(([value, text], at) => h(
    'label', null,
    h('input', { type: 'radio', name, value, checked: at === 0, onchange: event => onchange(event.target.value) }),
    h('span', null, text))));
}

export class Plots {
  #series = null;
  #tiers = [];
  #flow = 'hitBytes';
  #scale = 'linear';
  #scope = 'disk';
  #kindColors = new Map();

  constructor(hosts) {
    const again = () => this.#show();
    this.ratio = new Plot(hosts.ratio, 'Hit ratio');
    this.throughput = new Plot(
      hosts.throughput, 'Throughput',
      choice('flow', 'What is shown', [['hitBytes', 'served'], ['storedBytes', 'stored'], ['lookups', 'lookups']], value => { this.#flow = value; again(); }),
      choice('scale', 'Scale', [['linear', 'linear'], ['log', 'log']], value => { this.#scale = value; again(); }));
    this.scopes = h('span');
    this.occupancy = new Plot(hosts.occupancy, 'Occupancy by kind', this.scopes);
    this.removals = new Plot(hosts.removals, 'Evictions by reason');
  }

  /** The color of a kind, the same in every plot and table. */
  kindColor(kind) {
    if (!this.#kindColors.has(kind)) this.#kindColors.set(kind, kindPalette[this.#kindColors.size % kindPalette.length]);
    return this.#kindColors.get(kind);
  }

  setTiers(tiers) {
    const names = tiers.map(tier => tier.tier).join();
    const changed = names !== this.#tiers.map(tier => tier.tier).join();
    this.#tiers = tiers;
    if (!changed) return;
    const local = tiers.map(tier => tier.tier).filter(tier => tier !== 'remote');
    local.sort((left, right) => tierOrder.indexOf(right) - tierOrder.indexOf(left));
    this.#scope = local[0] ?? 'memory';
    this.scopes.replaceChildren(choice('scope', 'Tier', local.map(tier => [tier, tier]), value => { this.#scope = value; this.#show(); }));
  }

  setSeries(series) {
    this.#series = series;
    this.#show();
  }

  #show() {
    const series = this.#series;
    if (series == null) return;
    const to = series.time.at(-1) ?? Date.now();
    const first = series.time.length > 0 ? series.time[0] - series.seconds[0] * 1000 : to;
    const axis = { time: series.time, from: Math.max(to - series.windowMs, Math.min(first, to - 60000)), to };
    const tiers = tierOrder.filter(tier => series.row(tier) != null);
    this.#showRatio(series, axis, tiers);
    this.#showThroughput(series, axis, tiers);
    this.#showOccupancy(series, axis);
    this.#showRemovals(series, axis);
  }

  #showRatio(series, axis, tiers) {
    const over = Math.max(series.step, series.windowMs / 40000);
    const of = (name, scope, color, more) => ({ name, color, values: series.ratio(series.row(scope), over), ...more });
    this.ratio.show({
      ...axis,
      mode: 'line',
      format: percent,
      axisFormat: value => `${Math.round(value * 100)} %`,
      top: 1,
      series: [...(series.row('all') ? [of('whole cache', 'all', '--all')] : []), ...tiers.map(tier => of(tier, tier, `--${tier}`, { thin: true }))],
      sub: `Hits of lookups, by count, over ${Math.round(over)} s. A tier is asked only for what the tiers above it miss.`,
      empty: 'No lookups in this time.',
    });
  }

  #showThroughput(series, axis, tiers) {
    const inBytes = this.#flow !== 'lookups';
    const subs = {
      hitBytes: 'Payload bytes of hits, by the tier that had them.',
      storedBytes: 'Payload bytes that each tier took in, promotions included.',
      lookups: 'Lookups that reached each tier.',
    };
    this.throughput.show({
      ...axis,
      mode: 'line',
      format: inBytes ? bytesPerSecond : perSecond,
      binary: inBytes,
      log: this.#scale === 'log',
      zeroIsNothing: true,
      series: tiers.map(tier => ({ name: tier, color: `--${tier}`, values: series.rate(series.row(tier)[this.#flow]) })),
      sub: subs[this.#flow],
      empty: 'Nothing moved in this time.',
    });
  }

  #showOccupancy(series, axis) {
    const tier = this.#tiers.find(one => one.tier === this.#scope);
    const kinds = series.kinds(this.#scope).filter(kind => series.row(this.#scope, kind).bytes.some(value => value > 0));
    const limited = tier != null && tier.capacityBytes > 0;
    const used = tier == null ? '' : `${bytes(tier.bytes)}${limited ? ` of ${bytes(tier.capacityBytes)}` : ''} in ${count(tier.entries)} entries`;
    this.occupancy.show({
      ...axis,
      mode: 'stack',
      format: bytes,
      binary: true,
      series: kinds.sort().map(kind => ({ name: kind, color: this.kindColor(kind), values: series.row(this.#scope, kind).bytes })),
      limit: limited ? { name: `capacity ${bytes(tier.capacityBytes)}`, value: tier.capacityBytes } : null,
      sub: `${capital(this.#scope)}: ${used}${limited ? `, ${percent(tier.bytes / tier.capacityBytes)} full` : ''}.`,
      empty: `The ${this.#scope} tier is empty.`,
    });
  }

  #showRemovals(series, axis) {
    const named = [...series.removals].filter(([reason]) => !notEvictions.has(reason))
      .map(([reason, values]) => ({ name: words(reason), color: reasonColors[reason] ?? '--series-8', values }));
    const bins = series.bins(named, 60);
    this.removals.show({
      ...axis,
      ...bins,
      to: Math.max(axis.to, bins.time.at(-1) ?? 0),
      mode: 'bars',
      format: value => (value == null ? '–' : `${amount(value)}/s`),
      sub: 'Entries a second that a tier let go, by the limit or event that made it necessary.',
      empty: 'Nothing was evicted in this time.',
    });
  }
}
