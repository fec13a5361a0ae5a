// Shows what a run did: what it gave back, what it wants done, where it failed, what it waits for.

import { bytes, count } from './format.js';
import { h } from './dom.js';

const show = value => JSON.stringify(value, null, 2);
const brief = value => (value === undefined ? '–' : JSON.stringify(value));

export function micros(value) {
  if (value < 1000) return `${value.toFixed(value < 10 ? 1 : 0)} µs`;
  return value < 1e6 ? `${(value / 1000).toFixed(value < 1e4 ? 2 : 1)} ms` : `${(value / 1e6).toFixed(2)} s`;
}

function block(title, wide, ...children) {
  return h('section', { className: wide ? 'block wide' : 'block' }, h('h3', null, ...(Array.isArray(title) ? title : [title])), ...children);
}

/** The figures beside the verdict. */
export function figures(metrics) {
  const calls = Object.values(metrics.hostCalls).reduce((sum, one) => sum + one, 0);
  const chip = (name, value, title) => h('li', { title }, `${name} `, h('b', null, value));
  return [
    h('li', { className: 'origin', 'data-origin': metrics.origin, id: 'origin', title: 'Where the compiled handler came from' }, h('b', null, metrics.origin)),
    metrics.compilationTimeUs == null ? null : chip('compiling', micros(metrics.compilationTimeUs), 'Time that the compiler took'),
    chip('running', micros(metrics.runTimeUs), 'Time in which code of the handler ran'),
    chip('altogether', micros(metrics.durationUs), 'From the call to its end, at the node'),
    chip('host calls', count(calls), Object.entries(metrics.hostCalls).map(([name, times]) => `${name} ${times}`).join(', ') || 'none'),
    chip('instructions', count(metrics.instructionCount), 'The same on every run and machine'),
    chip('memory', bytes(metrics.memoryPeakBytes), 'Of the instance, at its greatest'),
  ].filter(item => item != null);
}

function error(problem) {
  const place = problem.location == null ? '' : ` at line ${problem.location.line}, column ${problem.location.column}`;
  const marked = problem.snippet?.highlightLine;
  const lines = problem.snippet?.code.replace(/\n$/, '').split('\n').map(line => {
    const bad = line.startsWith('>') || Number(/^\D*(\d+)/.exec(line)?.[1]) === marked;
    return bad ? h('span', { className: 'bad' }, line) : `${line}\n`;
  });
  return block('Error', true,
    h('p', { className: 'message', id: 'error-message' }, problem.message, ' ', h('span', { className: 'code' }, `${problem.code}${place}`)),
    lines == null ? null : h('pre', { className: 'snippet-code', id: 'snippet' }, ...lines),
    problem.stack ? h('details', { className: 'raw' }, h('summary', null, 'Stack'), h('pre', { className: 'value' }, problem.stack)) : null);
}

/** The state before and after, key by key. */
function mutations(list, before, apply) {
  const changes = new Map(list.map(one => [one.key, one]));
  const rows = [...changes.values()].map(one => h('li', { 'data-key': one.key },
    h('span', { className: 'code' }, one.key),
    h('del', null, Object.hasOwn(before, one.key) ? brief(before[one.key]) : 'absent'),
    h('span', { className: 'quiet' }, '→'),
    h('ins', null, one.operation === 'delete' ? 'absent' : brief(one.value))));
  const times = list.length === changes.size ? '' : ` in ${list.length} steps`;
  return block([h('span', null, `State: ${changes.size} changed${times}`), h('button', { className: 'copy', type: 'button', id: 'apply', onclick: apply }, 'Take over')], false,
    h('ul', { className: 'lines', id: 'mutations' }, ...rows));
}

function list(title, id, items) {
  return items.length === 0 ? null : block(title, false, h('ul', { className: 'lines', id }, ...items));
}

function resumption(suspension, answer, resume) {
  const box = h('textarea', { className: 'data', id: 'answer', rows: 5, spellcheck: 'false', 'aria-label': 'What the extension answers, as JSON' });
  box.value = show(answer ?? { status: 200, ok: true, data: null });
  const problem = h('p', { className: 'problem', role: 'alert' });
  const succeed = () => {
    let value;
    try {
      value = JSON.parse(box.value);
    } catch (fault) {
      problem.textContent = `The answer is not JSON: ${fault.message}`;
      return;
    }
    resume({ success: true, value });
  };
  return h('section', { className: 'block wide' }, h('div', { className: 'resume' },
    h('p', null, 'The handler waits for ', h('code', { id: 'waits-for' }, `$ext.${suspension.extensionName}.${suspension.method}(${suspension.args.map(brief).join(', ')})`), '. What is below has taken effect already. Answer in its place:'),
    box, problem,
    h('div', { className: 'row' },
      h('button', { className: 'primary', type: 'button', id: 'resume', onclick: succeed }, 'Answer'),
      h('button', { className: 'copy', type: 'button', id: 'fail', onclick: () => resume({ success: false, error: 'The request failed.' }) }, 'Let it fail'))));
}

/** Everything about one result, as elements. */
export function outcome(result, before, { apply, resume, answer }) {
  const tag = (text, kind) => h('span', { className: kind ? `tag ${kind}` : 'tag' }, text);
  const levels = { warn: 'warn', error: 'bad' };
  const parts = [
    result.error == null ? null : error(result.error),
    result.suspension == null ? null : resumption(result.suspension, answer, resume),
    result.status !== 'success' ? null : block('Returned', false, h('pre', { className: 'value', id: 'returned' }, result.returnValue === undefined ? 'nothing' : show(result.returnValue))),
    result.stateMutations.length === 0 ? null : mutations(result.stateMutations, before, apply),
    list('Events', 'events', result.events.map(one => h('li', null, tag(one.name), h('span', { className: 'code' }, brief(one.payload))))),
    list('View commands', 'views', result.viewCommands.map(one => h('li', null, tag(one.type), h('span', { className: 'code' }, [one.componentId, brief(one.args)].filter(Boolean).join(' '))))),
    list('Log', 'log', result.log.map(one => h('li', null, tag(one.level, levels[one.level]), h('span', { className: 'code' }, one.message)))),
  ].filter(part => part != null);
  return [
    h('div', { className: 'outcome' }, ...parts),
    h('details', { className: 'raw' }, h('summary', null, 'The whole result as JSON'), h('pre', { className: 'value' }, show(result))),
  ];
}
