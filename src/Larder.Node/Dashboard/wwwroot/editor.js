// A plain editor: a text area with line numbers, a marked line, and keys that behave as they do elsewhere.

import { h } from './dom.js';

const indent = '  ';
const lineHeight = 20;
const padding = 10;

export class Editor {
  /** Takes over an element that holds a gutter and a page with a text area. */
  constructor(element, changed) {
    this.area = element.querySelector('textarea');
    this.gutter = element.querySelector('.gutter');
    this.marker = element.querySelector('.marked');
    this.numbers = h('ol');
    this.gutter.replaceChildren(this.numbers);
    this.line = null;
    this.leaves = false;
    this.area.addEventListener('input', () => { this.mark(null); this.#count(); changed(); });
    this.area.addEventListener('scroll', () => this.#follow());
    this.area.addEventListener('keydown', event => this.#key(event));
    this.#count();
  }

  get text() { return this.area.value; }

  set text(value) {
    this.area.value = value;
    this.area.scrollTo(0, 0);
    this.mark(null);
    this.#count();
  }

  /** Marks a line, counted from 1, and brings it into sight; null marks none. */
  mark(line, column = 1) {
    this.line = line;
    this.marker.hidden = line == null;
    [...this.numbers.children].forEach((row, at) => row.classList.toggle('bad', at + 1 === line));
    if (line == null) return;
    const lines = this.text.split('\n');
    const at = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    const caret = at + Math.min(Math.max(column - 1, 0), lines[line - 1]?.length ?? 0);
    this.area.setSelectionRange(caret, caret);
    const top = (line - 1) * lineHeight;
    if (top < this.area.scrollTop || top > this.area.scrollTop + this.area.clientHeight - 3 * lineHeight) this.area.scrollTop = Math.max(0, top - 3 * lineHeight);
    this.#follow();
  }

  #count() {
    const wanted = this.text.split('\n').length;
    while (this.numbers.children.length > wanted) this.numbers.lastChild.remove();
    while (this.numbers.children.length < wanted) this.numbers.append(h('li', null, String(this.numbers.children.length + 1)));
    this.#follow();
  }

  #follow() {
    this.numbers.style.transform = `translateY(${-this.area.scrollTop}px)`;
    if (this.line != null) this.marker.style.top = `${padding + (this.line - 1) * lineHeight - this.area.scrollTop}px`;
  }

  #key(event) {
    if (event.key === 'Escape') {
      this.leaves = true;
      return;
    }
    const leaves = this.leaves;
    this.leaves = false;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === 'Tab' && !leaves) {
      event.preventDefault();
      if (event.shiftKey || this.area.selectionStart !== this.area.selectionEnd) this.#shift(event.shiftKey);
      else this.#insert(indent);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const before = this.text.slice(0, this.area.selectionStart);
      const own = /(^|\n)([ \t]*)[^\n]*$/.exec(before)[2];
      this.#insert(`\n${own}${/[{([]\s*$/.test(before) ? indent : ''}`);
    } else if (event.key === '}' && /(^|\n)[ \t]+$/.test(this.text.slice(0, this.area.selectionStart))) {
      // A closing brace on a line of its own goes one step back.
      event.preventDefault();
      const start = this.area.selectionStart;
      if (this.text.slice(0, start).endsWith(indent)) this.area.setSelectionRange(start - indent.length, this.area.selectionEnd);
      this.#insert('}');
    }
  }

  /** Indents the selected lines, or takes one step away. */
  #shift(back) {
    const { selectionStart: start, selectionEnd: end } = this.area;
    const from = this.text.lastIndexOf('\n', start - 1) + 1;
    const block = this.text.slice(from, end);
    const moved = back ? block.replace(/^( {1,2}|\t)/gm, '') : block.replace(/^(?=[^\n])/gm, indent);
    this.area.setSelectionRange(from, end);
    this.#insert(moved);
    const first = back ? Math.max(from, start - (/^( {1,2}|\t)/.exec(block)?.[0].length ?? 0)) : start + indent.length;
    this.area.setSelectionRange(start === end ? first : from, start === end ? first : from + moved.length);
  }

  // What is inserted by the browser's own command can be undone by its own command.
  #insert(text) {
    if (!document.execCommand(text === '' ? 'delete' : 'insertText', false, text)) {
      this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, 'end');
      this.area.dispatchEvent(new Event('input'));
    }
  }
}
