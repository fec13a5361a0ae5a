// How large the tiers should be: for each tier the predicted hit ratio over capacity, with the capacity of now and the
// recommended one marked, and a table of the same. Capacities are on a logarithmic scale.

import { find, h, say, Table } from './dom.js';
import { bytes, capital, count, percent } from './format.js';

const namespace = 'http://www.w3.org/2000/svg';
const size = { width: 600, height: 230 };
const pad = { left: 44, right: 14, top: 22, bottom: 26 };

function s(tag, attributes, ...children) {
  const element = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** One tier: what it says, its chart and its table. */
class TierFigure {
  constructor(name, colorOf) {
    this.colorOf = colorOf;
    this.summary = h('p', { className: 'quiet' });
    this.caution = h('p', { className: 'caution', hidden: true });
    this.chart = s('svg', { viewBox: `0 0 ${size.width} ${size.height}`, role: 'img', class: 'curve', 'aria-label': `Predicted hit ratio of ${name} over its capacity` });
    const table = h('table');
    this.steps = new Table(table, [
      { name: 'Capacity', value: step => bytes(step.capacityBytes) },
      { name: 'Hits', value: step => percent(step.hitRatio) },
      { name: 'By weight', value: step => percent(step.byteHitRatio) },
      { name: 'Gain', hint: 'More hits than with the capacity before, in points', value: step => (step.gain * 100).toFixed(1) },
      { name: '', text: true, value: step => step.marks },
    ], 'Nothing was asked for twice yet.');
    this.host = h('figure', { className: 'tier-plan', 'data-tier': name.split(' ')[0] },
      h('figcaption', null, h('h3', null, capital(name)), this.summary, this.caution),
      this.chart,
      h('div', { className: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Capacities of ${name}` }, table));
  }

  show(plan) {
    say(this.summary, plan.summary);
    say(this.caution, plan.caution ?? '');
    this.caution.hidden = plan.caution == null;
    this.steps.show(plan.steps, step => String(step.capacityBytes));
    this.#draw(plan);
  }

  #draw(plan) {
    const { points } = plan;
    const marked = [plan.capacityBytes, plan.recommendedBytes].filter(value => value > 0);
    const first = Math.max(1, Math.min(points[0]?.capacityBytes || 1, ...marked));
    const last = Math.max(2 * first, points.at(-1)?.capacityBytes ?? 0, ...marked);
    const x = capacity => pad.left + (Math.log2(Math.max(capacity, first) / first) / Math.log2(last / first)) * (size.width - pad.left - pad.right);
    const y = ratio => size.height - pad.bottom - ratio * (size.height - pad.top - pad.bottom);
    const parts = [];
    for (const ratio of [0, 0.25, 0.5, 0.75, 1]) {
      parts.push(s('line', { x1: pad.left, x2: size.width - pad.right, y1: y(ratio), y2: y(ratio), class: 'grid' }),
        s('text', { x: pad.left - 8, y: y(ratio) + 4, 'text-anchor': 'end' }, percent(ratio)));
    }
    for (const capacity of ticks(first, last)) {
      parts.push(s('text', { x: x(capacity), y: size.height - 8, 'text-anchor': 'middle' }, bytes(capacity)));
    }
    const line = values => values.map(([capacity, ratio], at) => `${at === 0 ? 'M' : 'L'}${x(capacity).toFixed(1)},${y(ratio).toFixed(1)}`).join('');
    for (const kind of plan.kinds.length > 1 ? plan.kinds : []) {
      const path = s('path', { d: line(points.map((point, at) => [point.capacityBytes, kind.hitRatios[at]])), class: 'kind' }, s('title', null, kind.kind));
      path.style.stroke = `var(${this.colorOf(kind.kind)})`;
      parts.push(path);
    }
    const total = s('path', { d: line([...points.map(point => [point.capacityBytes, point.hitRatio]), [last, plan.bestHitRatio]]), class: 'total' });
    total.style.stroke = `var(--${plan.tier})`;
    if (points.length > 0) parts.push(total);
    if (plan.capacityBytes > 0) parts.push(...this.#mark(x(plan.capacityBytes), y(plan.hitRatio), y, 'now', `now ${bytes(plan.capacityBytes)}`, x(plan.recommendedBytes || 1)));
    if (plan.recommendedBytes > 0) parts.push(...this.#mark(x(plan.recommendedBytes), y(plan.recommendedHitRatio), y, 'recommended', `recommended ${bytes(plan.recommendedBytes)}`, x(plan.capacityBytes || 1)));
    this.chart.replaceChildren(...parts);
  }

  // The label stands on the side where there is room and the other mark is not.
  #mark(at, height, y, name, text, other) {
    const right = at < pad.left + 150 || (at > other && at < size.width - 150);
    return [
      s('line', { x1: at, x2: at, y1: y(0), y2: pad.top - 6, class: `mark-line ${name}` }),
      s('circle', { cx: at, cy: height, r: 4, class: `mark-dot ${name}` }),
      s('text', { x: at + (right ? 5 : -5), y: pad.top - 8, 'text-anchor': right ? 'start' : 'end', class: 'mark-text', 'data-mark': name }, text),
    ];
  }
}

function ticks(first, last) {
  const powers = [];
  const low = Math.ceil(Math.log2(first));
  const high = Math.floor(Math.log2(last));
  const step = Math.max(1, Math.ceil((high - low) / 6));
  for (let power = low; power <= high; power += step) powers.push(2 ** power);
  return powers;
}

export class PlanPanel {
  #tiers = new Map();

  constructor(colorOf) {
    this.colorOf = colorOf;
    this.host = find('plan');
    this.figures = find('plan-tiers');
    this.container = find('plan-container');
  }

  show(plan) {
    this.host.hidden = !plan.isWatching || plan.tiers.length === 0;
    for (const tier of plan.tiers) {
      if (!this.#tiers.has(tier.name)) {
        this.#tiers.set(tier.name, new TierFigure(tier.name, this.colorOf));
        this.figures.append(this.#tiers.get(tier.name).host);
      }
      this.#tiers.get(tier.name).show(tier);
    }
    const { pod, recommendedPod: wanted } = plan;
    const limit = pod.actualLimitBytes == null ? '' : ` It has ${bytes(pod.actualLimitBytes)}.`;
    say(this.container, `A container with these settings needs a memory limit of ${bytes(pod.limitBytes)} or more and should request ${bytes(pod.requestBytes)}; `
      + `with the recommended ones ${bytes(wanted.limitBytes)} and ${bytes(wanted.requestBytes)}.${limit}`);
    say(find('plan-note'), `By an LRU model of the last lookups, ${count(Math.round(plan.tiers[0]?.references ?? 0))} of them in the upper tier. The node's own policy mostly does better at small capacities.`);
  }
}
