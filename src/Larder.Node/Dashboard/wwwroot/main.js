// Connects the page to the node: loads everything, follows live samples, and begins again whenever the connection or
// the node goes away.

import { clearToken, follow, getJson, hasToken, setToken, SignInNeeded } from './api.js';
import { find, say } from './dom.js';
import { ImagesPanel } from './images.js';
import { IndexesPanel } from './indexes.js';
import { PlanPanel } from './plan.js';
import { Plots } from './plots.js';
import { Recent, Series } from './series.js';
import { Events, kindsTable, showFacts, showLesson, Tiles, tiersTable } from './views.js';

const statsEveryMs = 3000;
const pollEveryMs = 3000;
const planEveryMs = 5000;
const mountsEveryMs = 1000;
const indexesEveryMs = 1000;

const plots = new Plots({
  ratio: find('plot-ratio'), throughput: find('plot-throughput'), occupancy: find('plot-occupancy'), removals: find('plot-removals'),
});
const colorOf = kind => plots.kindColor(kind);
const tiles = new Tiles(find('tiles'));
const tiers = tiersTable(find('tiers'));
const kinds = kindsTable(find('kinds'), colorOf);
const events = new Events(colorOf);
const plan = new PlanPanel(colorOf);
const images = new ImagesPanel();
const indexes = new IndexesPanel();

let shownWindow = '10m';
let stats = null;
let totals = null;
let series = null;
let recent = null;
let session = new AbortController();

const pause = (milliseconds, signal) => new Promise(resolve => {
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
});

function connection(state, text) {
  const pill = find('connection');
  pill.dataset.state = state;
  say(pill, text);
}

function takeStats(report) {
  stats = report;
  totals = report.total;
  plots.setTiers(stats.tiers);
  // Colors are given out in the order of names, so that they are the same in every tab.
  stats.kinds.forEach(kind => colorOf(kind.kind));
  tiers.show(stats.tiers, tier => tier.tier);
  kinds.show([...stats.kinds].sort((left, right) => right.lookups - left.lookups || (left.kind < right.kind ? -1 : 1)), kind => kind.kind);
  showFacts(stats);
  showLesson(stats);
}

async function load(signal) {
  const [report, history, minute, happened, sizes, mounted, indexed] = await Promise.all([
    getJson('/v1/stats', signal), getJson(`/v1/history?window=${shownWindow}`, signal),
    getJson('/v1/history?window=60s&points=60', signal), getJson('/v1/events', signal),
    getJson('/v1/plan', signal), getJson('/v1/mounts', signal), getJson('/v1/indexes', signal),
  ]);
  series = new Series(history);
  recent = new Recent(minute);
  takeStats(report);
  plan.show(sizes);
  images.show(mounted);
  indexes.show(indexed);
  events.reset();
  events.add(happened);
  show();
  find('sign-in').hidden = true;
  find('figures').hidden = false;
}

function show() {
  tiles.show(stats, totals, recent);
  plots.setSeries(series);
}

async function takeSample(live, signal) {
  if (!series.add(live)) {
    await load(signal);
    return;
  }
  recent.add(live);
  totals = live.totals;
  stats.node.requests += live.node.requests;
  show();
  if (live.nextEvent > events.next) events.add(await getJson(`/v1/events?after=${events.next - 1}`, signal));
}

async function refresh(signal) {
  while (!signal.aborted) {
    await pause(statsEveryMs, signal);
    if (!signal.aborted) takeStats(await getJson('/v1/stats', signal));
  }
}

async function replan(signal) {
  while (!signal.aborted) {
    await pause(planEveryMs, signal);
    if (!signal.aborted) plan.show(await getJson('/v1/plan', signal));
  }
}

async function watchMounts(signal) {
  while (!signal.aborted) {
    await pause(mountsEveryMs, signal);
    if (!signal.aborted) images.show(await getJson('/v1/mounts', signal));
  }
}

async function watchIndexes(signal) {
  while (!signal.aborted) {
    await pause(indexesEveryMs, signal);
    if (!signal.aborted) indexes.show(await getJson('/v1/indexes', signal));
  }
}

async function listen(signal) {
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const tables = Promise.all([refresh(either), replan(either), watchMounts(either), watchIndexes(either)]).catch(() => ended.abort());
  try {
    for await (const { event, data } of follow('/v1/live', either)) {
      if (event === 'drain') return;
      if (event !== 'sample') continue;
      connection('live', 'live');
      await takeSample(data, either);
    }
  } finally {
    ended.abort();
    await tables;
  }
}

/** Where the node has no place left for a live client, asking now and then shows the same a little later. */
async function poll(signal) {
  connection('polling', 'every few seconds');
  for (let times = 0; times < 20 && !signal.aborted; times++) {
    await pause(pollEveryMs, signal);
    if (!signal.aborted) await load(signal);
  }
}

async function run(signal) {
  for (let failures = 0; !signal.aborted;) {
    try {
      await load(signal);
      failures = 0;
      await listen(signal);
    } catch (problem) {
      if (signal.aborted) return;
      if (problem instanceof SignInNeeded) {
        askForToken();
        return;
      }
      if (problem.status === 503) {
        await poll(signal).catch(() => {});
        continue;
      }
    }
    if (signal.aborted) return;
    connection('lost', 'reconnecting');
    await pause(Math.min(10000, 500 * 2 ** failures++), signal);
  }
}

function begin() {
  session.abort();
  session = new AbortController();
  connection('connecting', 'connecting');
  run(session.signal);
}

function askForToken() {
  connection('lost', 'signed out');
  say(find('sign-in-problem'), hasToken() ? 'The node does not accept this token, or it has no read rights.' : '');
  clearToken();
  find('figures').hidden = true;
  find('sign-in').hidden = false;
  find('token').focus();
}

find('sign-in-form').addEventListener('submit', event => {
  event.preventDefault();
  setToken(find('token').value.trim());
  find('token').value = '';
  begin();
});

find('window-choice').addEventListener('change', event => {
  shownWindow = event.target.value;
  begin();
});

// A tab that nobody looks at costs the node nothing.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    session.abort();
    connection('connecting', 'paused');
  } else {
    begin();
  }
});

begin();
