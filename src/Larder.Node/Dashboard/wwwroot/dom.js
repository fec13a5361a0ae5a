// The few things that this page does to the document. Text is always set as text, never parsed.

/** Makes an element: properties that begin with "on" are listeners, known ones are set, others are attributes. */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value == null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'color') element.style.background = value;
    else if (name === 'width') element.style.width = value;
    else element.setAttribute(name === 'className' ? 'class' : name, value === true ? '' : value);
  }
  element.append(...children.filter(child => child != null));
  return element;
}

export const find = id => document.getElementById(id);

/** Sets text only where it changed, so that a selection or a screen reader is left alone. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows rows by key in a table body: existing rows are changed in place, cell by cell. */
export class Table {
  constructor(table, columns, empty) {
    this.columns = columns;
    this.empty = empty;
    this.rows = new Map();
    this.body = h('tbody');
    const head = h('tr', null, ...columns.map(column => h('th', { scope: 'col', className: column.text ? 'text' : null, title: column.hint }, column.name)));
    table.replaceChildren(h('thead', null, head), this.body);
  }

  show(items, keyOf) {
    const kept = new Map();
    for (const item of items) {
      const key = keyOf(item);
      const row = this.rows.get(key) ?? this.#make(key);
      this.columns.forEach((column, at) => this.#fill(row.cells[at], column, item));
      kept.set(key, row);
    }
    this.rows = kept;
    const wanted = kept.size > 0 ? [...kept.values()] : [h('tr', null, h('td', { className: 'none', colspan: this.columns.length }, this.empty))];
    const same = wanted.length === this.body.children.length && wanted.every((row, at) => this.body.children[at] === row);
    if (!same) this.body.replaceChildren(...wanted);
  }

  #make(key) {
    return h('tr', { 'data-key': key }, ...this.columns.map(column => h('td', { className: column.text ? 'text' : null })));
  }

  #fill(cell, column, item) {
    const value = column.value(item);
    if (!(value instanceof Node)) {
      say(cell, value);
    } else if (cell.firstChild == null || !cell.firstChild.isEqualNode(value)) {
      cell.replaceChildren(value);
    }
  }
}
