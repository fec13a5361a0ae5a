// Connects the playground to the node: puts the call together, runs it, shows what came of it.

import { clearToken, getJson, hasToken, postJson, setToken, SignInNeeded } from './api.js';
import { find, h, say } from './dom.js';
import { Editor } from './editor.js';
import { examples } from './examples.js';
import { figures, outcome } from './outcome.js';

const memory = 'larder-playground';
const fields = ['state', 'args', 'capabilities', 'extensions', 'timeout'];
const editor = new Editor(find('editor'), keep);

let chosen = examples[0];
let isBusy = false;

const pretty = value => JSON.stringify(value, null, 2);

/** What is on the bench survives a reload of this tab. */
function keep() {
  const values = Object.fromEntries(fields.map(name => [name, find(name).value]));
  sessionStorage.setItem(memory, JSON.stringify({ ...values, source: editor.text, example: examples.indexOf(chosen) }));
}

function restore() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(memory));
    chosen = examples[kept.example] ?? examples[0];
    editor.text = kept.source;
    fields.forEach(name => { find(name).value = kept[name]; });
    find('example').value = String(examples.indexOf(chosen));
  } catch {
    choose(examples[0]);
  }
}

function choose(example) {
  chosen = example;
  editor.text = example.source;
  find('state').value = pretty(example.state);
  find('args').value = pretty(example.args);
  find('capabilities').value = example.capabilities.join('\n');
  find('extensions').value = example.extensions == null ? '' : JSON.stringify(example.extensions);
  find('timeout').value = String(example.timeout ?? 1000);
  keep();
}

function readObject(name) {
  const box = find(name);
  const text = box.value.trim();
  try {
    const value = text === '' ? {} : JSON.parse(text);
    if (value == null || typeof value !== 'object' || Array.isArray(value)) throw new Error('it must be an object, {…}');
    box.removeAttribute('aria-invalid');
    return value;
  } catch (fault) {
    box.setAttribute('aria-invalid', 'true');
    throw new Error(`${document.querySelector(`label[for=${name}]`).firstChild.textContent.trim()}: ${fault.message}`);
  }
}

function readCall() {
  return {
    source: editor.text,
    context: {
      handlerName: 'playground',
      stateSnapshot: readObject('state'),
      args: readObject('args'),
      capabilities: find('capabilities').value.split(/[\n,]/).map(token => token.trim()).filter(token => token !== ''),
      extensionRegistry: readObject('extensions'),
    },
    limits: { timeoutMs: Math.max(1, Math.round(Number(find('timeout').value) || 1000)) },
  };
}

function busy(state) {
  isBusy = state;
  find('run').setAttribute('aria-busy', String(state));
}

/** Does one thing at the node at a time; whatever goes wrong is said beside the context. */
async function attempt(work) {
  if (isBusy) return;
  busy(true);
  say(find('context-problem'), '');
  try {
    await work();
  } catch (problem) {
    if (problem instanceof SignInNeeded) askForToken();
    else say(find('context-problem'), problem.message);
  } finally {
    busy(false);
  }
}

function verdict(status, text) {
  const badge = find('verdict');
  badge.hidden = false;
  badge.dataset.status = status;
  say(badge, text);
}

function present(result, before) {
  const after = { ...before };
  for (const one of result.stateMutations) {
    if (one.operation === 'delete') delete after[one.key];
    else after[one.key] = one.value;
  }
  editor.mark(result.error?.location?.line ?? null, result.error?.location?.column);
  verdict(result.status, result.status === 'error' ? result.error.code.toLowerCase().replaceAll('_', ' ') : result.status);
  find('figures').replaceChildren(...figures(result.metrics));
  find('outcome').replaceChildren(...outcome(result, before, {
    answer: chosen.answer,
    apply: () => { find('state').value = pretty(after); keep(); },
    resume: answer => attempt(async () => {
      present(await postJson('/v1/handlers/resume', { suspensionId: result.suspension.suspensionId, result: answer }), after);
    }),
  }));
}

function run() {
  return attempt(async () => {
    const call = readCall();
    present(await postJson('/v1/handlers/run', call), call.context.stateSnapshot);
  });
}

function infer() {
  return attempt(async () => {
    const { capabilities } = await postJson('/v1/handlers/infer', { source: editor.text });
    find('capabilities').value = capabilities.join('\n');
    keep();
  });
}

async function look() {
  const pill = find('health');
  try {
    const health = await getJson('/health').catch(fault => { if (fault.status === 503) return { status: 'unhealthy', reason: 'not ready' }; throw fault; });
    const works = health.runtime?.state === 'ready' || health.runtime?.state === 'idle';
    pill.dataset.state = works ? 'live' : health.runtime?.state === 'starting' ? 'connecting' : 'lost';
    pill.title = health.reason ?? '';
    say(pill, works ? 'ready' : health.runtime?.state ?? health.status);
    if (!works && health.reason != null) say(find('context-problem'), health.reason);
  } catch {
    pill.dataset.state = 'lost';
    say(pill, 'no answer');
  }
}

function askForToken() {
  say(find('sign-in-problem'), hasToken() ? 'The node does not accept this token, or it may not run handlers.' : '');
  clearToken();
  find('sign-in').hidden = false;
  find('token').focus();
}

find('sign-in-form').addEventListener('submit', event => {
  event.preventDefault();
  setToken(find('token').value.trim());
  find('token').value = '';
  find('sign-in').hidden = true;
  run();
});

find('example').replaceChildren(...examples.map((example, at) => h('option', { value: String(at) }, example.name)));
find('example').addEventListener('change', event => choose(examples[Number(event.target.value)]));
find('run').addEventListener('click', run);
find('infer').addEventListener('click', infer);
fields.forEach(name => find(name).addEventListener('input', keep));
document.addEventListener('keydown', event => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});

restore();
look();
setInterval(() => { if (!document.hidden) look(); }, 5000);
