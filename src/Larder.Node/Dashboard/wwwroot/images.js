// Mounted images: for each mount a card with its layers, a bar that fills as bytes come to this machine, and where they came from.

import { find, h, say, Table } from './dom.js';
import { bytes, count, duration, percent } from './format.js';

const seconds = milliseconds => (milliseconds == null ? null : milliseconds / 1000);

/** The part of a layer that is on the disk; while it is read as a whole, the part of its blob that was read. */
function filled(layer) {
  if (layer.isFullyLocal) return 1;
  const local = layer.objectBytes > 0 ? layer.localBytes / layer.objectBytes : 0;
  const read = layer.activity === 'importing' && layer.blobBytes > 0 ? layer.blobBytesRead / layer.blobBytes : 0;
  // Never full before everything is known to be here.
  return Math.min(0.999, Math.max(local, read));
}

function state(layer) {
  if (layer.isFullyLocal) return h('span', { className: 'tag' }, 'all here');
  if (layer.activity === 'importing') return h('span', { className: 'tag' }, 'being read');
  if (layer.activity === 'queued') return h('span', { className: 'tag' }, 'queued');
  return layer.lastError == null ? 'as needed' : h('span', { className: 'tag bad', title: layer.lastError }, 'failing');
}

/** Reads that found their bytes here, of all. */
function ratio(layer) {
  return layer.reads > 0 ? Math.max(0, 1 - (layer.openedFromRemote + layer.openedFromSource) / layer.reads) : null;
}

const bar = layer => h('span', { className: 'fill', 'data-filled': filled(layer).toFixed(3) },
  h('progress', { max: 1, value: filled(layer).toFixed(3), 'aria-label': 'Part of the layer that is here' }),
  h('span', null, layer.objectBytes > 0 ? `${bytes(layer.localBytes)} of ${bytes(layer.objectBytes)}` : percent(filled(layer))));

const columns = [
  { name: 'Layer', text: true, value: layer => layer.diffId.slice(7, 19) },
  { name: 'Here', text: true, value: bar },
  { name: 'State', text: true, value: state },
  { name: 'Reads', hint: 'Answered by the process; what the kernel reads by itself is not counted', value: layer => count(layer.reads) },
  { name: 'Found here', hint: 'Reads that had to fetch nothing', value: layer => percent(ratio(layer)) },
  { name: 'From disk', hint: 'Objects opened on the disk that were not at hand', value: layer => count(layer.openedFromDisk) },
  { name: 'From remote tier', value: layer => `${count(layer.openedFromRemote)} (${bytes(layer.bytesFromRemote)})` },
  { name: 'From source', hint: 'Requests to the registry or layout', value: layer => `${count(layer.sourceRequests)} (${bytes(layer.sourceBytes)})` },
  { name: 'First byte', value: layer => duration(seconds(layer.firstByteMilliseconds)) },
  { name: 'Waited', hint: 'All readers together, and the longest', value: layer => (layer.waitedMilliseconds > 0 ? `${duration(seconds(layer.waitedMilliseconds))}, ${duration(seconds(layer.longestWaitMilliseconds))}` : '–') },
  { name: 'Failed', value: layer => count(layer.failures) },
];

/** One mount. */
class MountCard {
  constructor(path) {
    this.title = h('h3', null, path);
    this.about = h('p', { className: 'quiet' });
    this.problem = h('p', { className: 'problem', hidden: true });
    const table = h('table');
    this.layers = new Table(table, columns, 'It has no layers.');
    this.scroll = h('div', { className: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Layers of ${path}` }, table);
    this.host = h('article', { className: 'mount', 'data-mount': path }, this.title, this.about, this.problem, this.scroll);
  }

  show(mount) {
    const { status } = mount;
    this.host.dataset.state = mount.state;
    say(this.problem, mount.problem ?? '');
    this.problem.hidden = mount.problem == null;
    this.scroll.hidden = status == null;
    const holder = mount.heldBy === 'node' ? 'held by the node' : 'held by a command';
    if (status == null) {
      say(this.about, `${mount.reference}, ${holder}, ${mount.state}`);
      return;
    }
    const waiting = status.waiting > 0 ? `, ${count(status.waiting)} wait for bytes` : '';
    const kernel = status.passthroughOpens > 0 ? `, ${count(status.passthroughOpens)} of them read by the kernel itself` : '';
    say(this.about, `${mount.reference}, ${holder}: ${count(status.nodes)} files and directories, ${bytes(status.fileBytes)}; ${count(status.opens)} opens${kernel}, ${count(status.reads)} reads${waiting}`);
    // The lowest layer is the first; a layer may be in an image twice.
    this.layers.show(status.layers.map((layer, at) => ({ ...layer, at })), layer => `${layer.at}:${layer.diffId}`);
  }
}

/** The section of the page; not shown on a node that mounts nothing and sees no mount. */
export class ImagesPanel {
  constructor() {
    this.cards = new Map();
  }

  show({ root, mounts }) {
    find('images').hidden = root == null && mounts.length === 0;
    say(find('images-note'), mounts.length === 0 ? `Nothing is mounted. POST /v1/mounts has this node mount images below ${root}.`
      : 'A layer fills as its files are read; what is here is read at the speed of the disk.');
    const kept = new Map();
    for (const mount of mounts) {
      const card = this.cards.get(mount.path) ?? new MountCard(mount.path);
      card.show(mount);
      kept.set(mount.path, card);
    }
    this.cards = kept;
    const host = find('mounts');
    const wanted = [...kept.values()].map(card => card.host);
    const same = wanted.length === host.children.length && wanted.every((card, at) => host.children[at] === card);
    if (!same) host.replaceChildren(...wanted);
  }
}
