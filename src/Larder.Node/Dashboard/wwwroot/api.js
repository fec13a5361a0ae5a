// Talks to the node. The token, where one is asked for, lives in this tab only.

const key = 'larder-token';

export class SignInNeeded extends Error {}

export const setToken = token => sessionStorage.setItem(key, token);
export const clearToken = () => sessionStorage.removeItem(key);
export const hasToken = () => sessionStorage.getItem(key) != null;

async function ask(path, accept, signal) {
  const headers = { accept };
  const token = sessionStorage.getItem(key);
  if (token != null) headers.authorization = `Bearer ${token}`;
  const response = await fetch(path, { headers, signal, cache: 'no-store', credentials: 'omit' });
  if (response.status === 401 || response.status === 403) throw new SignInNeeded();
  if (!response.ok) throw Object.assign(new Error(`${path} answered ${response.status}.`), { status: response.status });
  return response;
}

export async function getJson(path, signal) {
  return (await ask(path, 'application/json', signal)).json();
}

/** Posts a value as JSON. What the node refuses is an error with the code and message of its answer. */
export async function postJson(path, body, signal) {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  const token = sessionStorage.getItem(key);
  if (token != null) headers.authorization = `Bearer ${token}`;
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), signal, cache: 'no-store', credentials: 'omit' });
  if (response.status === 401 || response.status === 403) throw new SignInNeeded();
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw Object.assign(new Error(answer?.error?.message ?? `${path} answered ${response.status}.`), { status: response.status, code: answer?.error?.code });
  return answer;
}

/**
 * Follows server-sent events until the server ends them. EventSource would be shorter but cannot carry a token.
 * Yields { event, data }; silence for longer than `patience` milliseconds counts as a lost connection.
 */
export async function* follow(path, signal, patience = 40000) {
  const guard = new AbortController();
  const stop = () => guard.abort();
  signal.addEventListener('abort', stop);
  let timer = setTimeout(stop, patience);
  try {
    const response = await ask(path, 'text/event-stream', guard.signal);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(stop, patience);
      buffer += value;
      const blocks = buffer.split('\n\n');
      buffer = blocks.pop();
      for (const block of blocks) {
        const message = parse(block);
        if (message != null) yield message;
      }
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    guard.abort();
  }
}

function parse(block) {
  let event = 'message';
  let data = '';
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) event = line.slice(7);
    else if (line.startsWith('data: ')) data += line.slice(6);
  }
  return data === '' ? null : { event, data: JSON.parse(data) };
}
