// One plot over time on a canvas: lines, stacked areas or stacked bars, with axes, a legend whose entries can be
// switched off, and a crosshair that follows the pointer or the arrow keys.

import { h, say } from './dom.js';
import { logMarks, marks, timeMarks } from './scale.js';
import { clock } from './format.js';

const pad = { left: 66, right: 12, top: 10, bottom: 24 };

export class Plot {
  #data = null;
  #off = new Set();
  #at = null;
  #frame = 0;

  constructor(host, title, ...controls) {
    this.sub = h('p', { className: 'sub' });
    this.canvas = h('canvas', { tabindex: 0, role: 'img', 'aria-label': title });
    this.tip = h('div', { className: 'tip', hidden: true, 'aria-hidden': 'true' });
    this.spoken = h('p', { className: 'hidden', 'aria-live': 'polite' });
    this.empty = h('p', { className: 'empty', hidden: true });
    this.legend = h('ul', { className: 'legend' });
    this.area = h('div', { className: 'area' }, this.canvas, this.empty, this.tip);
    this.title = title;
    host.replaceChildren(
      h('header', null, h('h2', null, title), h('div', { className: 'controls' }, ...controls)),
      this.sub, this.area, this.legend, this.spoken);
    this.canvas.addEventListener('pointermove', event => this.#point(event));
    this.canvas.addEventListener('pointerdown', event => this.#point(event));
    this.canvas.addEventListener('pointerleave', () => this.#choose(null));
    this.canvas.addEventListener('blur', () => this.#choose(null));
    this.canvas.addEventListener('keydown', event => this.#key(event));
    new ResizeObserver(() => this.redraw()).observe(this.area);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
  }

  /**
   * Shows { time, span?, from, to, series: [{ name, color, values, dashed? }], mode: line | stack | bars, format, axisFormat?, binary?,
   * top?, limit?: { name, value }, log?, zeroIsNothing?, sub, empty }.
   */
  show(data) {
    this.#data = data;
    say(this.sub, data.sub ?? '');
    this.#showLegend();
    this.redraw();
  }

  redraw() {
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        if (this.#data != null) this.#draw();
      });
    }
  }

  get #shown() {
    return this.#data.series.filter(one => !this.#off.has(one.name));
  }

  #showLegend() {
    const { series, format } = this.#data;
    const names = series.map(one => one.name).join('\n');
    if (this.names !== names) {
      this.names = names;
      this.legend.replaceChildren(...series.map(one => h('li', null, h(
        'button',
        { type: 'button', 'aria-pressed': String(!this.#off.has(one.name)), onclick: event => this.#toggle(one.name, event.currentTarget) },
        h('span', { className: this.#data.mode === 'line' ? 'swatch line' : 'swatch' }), h('span', null, one.name), h('span', { className: 'now' })))));
    }
    series.forEach((one, at) => {
      const button = this.legend.children[at].firstChild;
      button.children[0].style.background = `var(${one.color})`;
      const latest = one.values.at(-1);
      say(button.children[2], latest == null ? '' : format(latest));
    });
  }

  #toggle(name, button) {
    if (!this.#off.delete(name)) this.#off.add(name);
    button.setAttribute('aria-pressed', String(!this.#off.has(name)));
    this.redraw();
  }

  #point(event) {
    const { time, from, to, span } = this.#data ?? {};
    if (!time?.length) return;
    const width = this.canvas.clientWidth - pad.left - pad.right;
    const when = from + ((event.offsetX - pad.left) / width) * (to - from) + (span ?? 0) / 2;
    let best = 0;
    time.forEach((one, at) => {
      if (Math.abs(one - when) < Math.abs(time[best] - when)) best = at;
    });
    this.#choose(best);
  }

  #key(event) {
    const last = (this.#data?.time.length ?? 0) - 1;
    if (last < 0) return;
    const now = this.#at ?? last;
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - 10, PageDown: now + 10, Home: 0, End: last, Escape: null }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.#choose(next == null ? null : Math.min(last, Math.max(0, next)));
    if (next != null) say(this.spoken, this.#describe(this.#at));
  }

  #choose(at) {
    this.#at = at;
    this.redraw();
  }

  #describe(at) {
    const { time, format } = this.#data;
    return `${clock(time[at], true)}: ${this.#shown.map(one => `${one.name} ${format(one.values[at])}`).join(', ')}`;
  }

  #draw() {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (width === 0) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const pen = canvas.getContext('2d');
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const look = getComputedStyle(document.documentElement);
    const paint = {
      color: name => look.getPropertyValue(name).trim(),
      font: `11px ${look.getPropertyValue('--sans')}`,
    };
    const frame = { left: pad.left, right: width - pad.right, top: pad.top, bottom: height - pad.bottom };
    const shown = this.#shown;
    const counts = this.#data.mode !== 'line' || this.#data.zeroIsNothing;
    const nothing = !shown.some(one => one.values.some(value => (counts ? value > 0 : value != null)));
    this.empty.hidden = !nothing;
    if (nothing) say(this.empty, this.#data.empty);
    const axes = this.#axes(pen, paint, frame, shown);
    pen.save();
    pen.beginPath();
    pen.rect(frame.left, frame.top - 2, frame.right - frame.left, frame.bottom - frame.top + 3);
    pen.clip();
    const draw = { line: drawLines, stack: drawStack, bars: drawBars }[this.#data.mode];
    if (!nothing) draw(pen, paint, axes, this.#data, shown);
    this.#drawLimit(pen, paint, frame, axes);
    this.#drawCrosshair(pen, paint, frame, axes, shown);
    pen.restore();
    this.#showTip(axes, shown, width);
    const last = this.#data.time.length - 1;
    canvas.setAttribute('aria-label', nothing ? `${this.title}. ${this.#data.empty}` : `${this.title}. At ${this.#describe(this.#at ?? last)}. Arrow keys move through time.`);
  }

  #axes(pen, paint, frame, shown) {
    const { from, to, log, binary, format, axisFormat, top, limit, mode } = this.#data;
    const x = time => frame.left + ((time - from) / (to - from)) * (frame.right - frame.left);
    const largest = largestOf(shown, mode);
    const near = limit != null && limit.value > 0 && limit.value <= largest * 3 ? limit.value : 0;
    const smallest = log ? Math.min(...shown.flatMap(one => one.values.filter(value => value > 0)), largest || 1) : 0;
    const lines = log ? logMarks(smallest, largest, binary)
      : top != null ? [0, 0.25, 0.5, 0.75, 1].map(part => part * top)
        : marks(Math.max(largest, near), 4, binary);
    const low = log ? Math.log(lines[0]) : 0;
    const high = log ? Math.log(lines.at(-1)) : top ?? lines.at(-1);
    const y = value => {
      const place = log ? (value > 0 ? Math.log(value) : low) : value;
      return frame.bottom - ((place - low) / (high - low)) * (frame.bottom - frame.top);
    };
    pen.font = paint.font;
    pen.lineWidth = 1;
    pen.textBaseline = 'middle';
    pen.textAlign = 'right';
    for (const value of lines) {
      const at = Math.round(y(value)) + 0.5;
      pen.strokeStyle = paint.color(value === 0 ? '--line' : '--grid');
      line(pen, frame.left, at, frame.right, at);
      pen.fillStyle = paint.color('--quiet');
      pen.fillText((axisFormat ?? format)(value), frame.left - 8, at);
    }
    const { times, withSeconds } = timeMarks(from, to, Math.max(2, (frame.right - frame.left) / 90));
    pen.textAlign = 'center';
    pen.textBaseline = 'top';
    for (const time of times) {
      const text = clock(time, withSeconds);
      const half = pen.measureText(text).width / 2;
      if (x(time) - half >= frame.left - 8 && x(time) + half <= frame.right + 10) pen.fillText(text, x(time), frame.bottom + 8);
    }
    return { x, y };
  }

  #drawLimit(pen, paint, frame, { y }) {
    const { limit } = this.#data;
    if (limit == null || !(limit.value > 0)) return;
    const at = Math.round(y(limit.value)) + 0.5;
    if (at < frame.top - 2) return;
    pen.setLineDash([5, 4]);
    pen.strokeStyle = paint.color('--warn');
    line(pen, frame.left, at, frame.right, at);
    pen.setLineDash([]);
    pen.fillStyle = paint.color('--warn');
    pen.textAlign = 'right';
    pen.textBaseline = at > frame.top + 16 ? 'bottom' : 'top';
    pen.fillText(limit.name, frame.right - 4, at + (at > frame.top + 16 ? -3 : 3));
  }

  #drawCrosshair(pen, paint, frame, { x, y }, shown) {
    if (this.#at == null || this.#at >= this.#data.time.length) return;
    const at = Math.round(x(this.#data.time[this.#at] - (this.#data.span ?? 0) / 2)) + 0.5;
    pen.strokeStyle = paint.color('--quiet');
    line(pen, at, frame.top, at, frame.bottom);
    if (this.#data.mode !== 'line') return;
    for (const one of shown) {
      const value = one.values[this.#at];
      if (value == null) continue;
      pen.fillStyle = paint.color(one.color);
      dot(pen, at, y(value), 3.5);
    }
  }

  #showTip({ x }, shown, width) {
    const { time, format, span } = this.#data;
    if (this.#at == null || this.#at >= time.length) {
      this.tip.hidden = true;
      return;
    }
    const lines = shown.filter(one => one.values[this.#at] != null).map(one => h(
      'div', { className: 'line' },
      h('span', null, h('span', { className: 'swatch', color: `var(${one.color})` }), ` ${one.name}`),
      h('span', null, format(one.values[this.#at]))));
    if (this.#data.mode !== 'line' && lines.length > 1) {
      const total = shown.reduce((sum, one) => sum + (one.values[this.#at] ?? 0), 0);
      lines.push(h('div', { className: 'line' }, h('span', null, 'together'), h('span', null, format(total))));
    }
    this.tip.replaceChildren(h('div', { className: 'when' }, clock(time[this.#at], true)), ...lines);
    this.tip.hidden = false;
    const at = x(time[this.#at] - (span ?? 0) / 2);
    const right = at > width * 0.55;
    this.tip.style.left = right ? '' : `${at + 12}px`;
    this.tip.style.right = right ? `${width - at + 12}px` : '';
  }
}

function largestOf(shown, mode) {
  if (mode === 'line') return Math.max(0, ...shown.flatMap(one => one.values.map(value => value ?? 0)));
  const steps = shown[0]?.values.length ?? 0;
  let largest = 0;
  for (let at = 0; at < steps; at++) largest = Math.max(largest, shown.reduce((sum, one) => sum + (one.values[at] ?? 0), 0));
  return largest;
}

function drawLines(pen, paint, { x, y }, { time }, shown) {
  for (const one of shown) {
    pen.strokeStyle = paint.color(one.color);
    pen.fillStyle = paint.color(one.color);
    pen.lineWidth = one.thin ? 1.25 : 1.9;
    pen.lineJoin = 'round';
    pen.setLineDash(one.dashed ? [2, 3] : []);
    pen.beginPath();
    one.values.forEach((value, at) => {
      if (value == null) return;
      const alone = one.values[at - 1] == null;
      if (alone && one.values[at + 1] == null) dot(pen, x(time[at]), y(value), 1.6);
      if (alone) pen.moveTo(x(time[at]), y(value));
      else pen.lineTo(x(time[at]), y(value));
    });
    pen.stroke();
    pen.setLineDash([]);
  }
}

function drawStack(pen, paint, { x, y }, { time }, shown) {
  const floor = new Array(time.length).fill(0);
  for (const one of shown) {
    const roof = floor.map((value, at) => value + (one.values[at] ?? 0));
    pen.beginPath();
    time.forEach((when, at) => pen.lineTo(x(when), y(roof[at])));
    for (let at = time.length - 1; at >= 0; at--) pen.lineTo(x(time[at]), y(floor[at]));
    pen.closePath();
    pen.fillStyle = paint.color(one.color);
    pen.globalAlpha = 0.32;
    pen.fill();
    pen.globalAlpha = 1;
    pen.strokeStyle = paint.color(one.color);
    pen.lineWidth = 1.5;
    pen.beginPath();
    time.forEach((when, at) => pen.lineTo(x(when), y(roof[at])));
    pen.stroke();
    roof.forEach((value, at) => { floor[at] = value; });
  }
}

function drawBars(pen, paint, { x, y }, { time, span }, shown) {
  time.forEach((when, at) => {
    const left = x(when - span) + 1;
    const width = Math.max(1, x(when) - x(when - span) - 2);
    let floor = 0;
    for (const one of shown) {
      const value = one.values[at] ?? 0;
      if (value <= 0) continue;
      pen.fillStyle = paint.color(one.color);
      const roof = y(floor + value);
      pen.fillRect(left, roof, width, Math.max(1, y(floor) - roof));
      floor += value;
    }
  });
}

function line(pen, fromX, fromY, toX, toY) {
  pen.beginPath();
  pen.moveTo(fromX, fromY);
  pen.lineTo(toX, toY);
  pen.stroke();
}

function dot(pen, x, y, radius) {
  const path = new Path2D();
  path.arc(x, y, radius, 0, Math.PI * 2);
  pen.fill(path);
}
