// Handlers to begin with. Each shows one thing that a handler can do, or may not.

export const examples = [
  {
    name: 'a counter',
    source: `// Read the state, change it, tell others, give something back.
const by = $args.by ?? 1;
const count = ($state.count ?? 0) + by;

$state.count = count;
$emit('changed', { count, by });
$log(\`the count is \${count}\`);

return count;
`,
    state: { count: 5 },
    args: { by: 2 },
    capabilities: ['state:read:count', 'state:write:count', 'events:emit:changed'],
  },
  {
    name: 'waiting for an extension',
    source: `// What was done so far takes effect at once; the handler goes on when the answer is there.
$state.status = 'asking';
$log('before the call');

try {
  const answer = await $ext.http.get('https://prices.example/tea');
  $state.price = answer.data.price;
  $state.status = 'done';
  return answer.status;
} catch (problem) {
  $state.status = 'failed';
  $log.warn(String(problem.message));
  return null;
}
`,
    state: { status: 'idle' },
    args: {},
    capabilities: ['state:write:*', 'ext:http'],
    extensions: { http: ['get', 'post'] },
    answer: { status: 200, ok: true, data: { price: 4.2 } },
  },
  {
    name: 'an error at its line',
    source: `const items = $args.items;

function total(list) {
  return list.reduce((sum, item) => sum + item.price.amount, 0);
}

$log('adding up');
return total(items);
`,
    state: {},
    args: { items: [{ price: { amount: 2 } }, { name: 'no price' }] },
    capabilities: [],
  },
  {
    name: 'a loop without an end',
    source: `// Stopped when its time is over, without harm to anybody else.
$log('off we go');

let steps = 0;
while (true) {
  steps++;
}
`,
    state: {},
    args: {},
    capabilities: [],
    timeout: 200,
  },
  {
    name: 'something that was not granted',
    source: `// May read one key, and no more.
$log(\`the name is \${$state.name}\`);
return $state.secret;
`,
    state: { name: 'ann', secret: 'hidden' },
    args: {},
    capabilities: ['state:read:name'],
  },
  {
    name: 'views and modern JavaScript',
    source: `function* squares(limit) {
  for (let n = 1; n * n <= limit; n++) yield n * n;
}

const { limit = 100, ...rest } = $args;
const all = [...squares(limit)];
const big = all.reduce((product, n) => product * BigInt(n), 1n);
const grouped = Object.groupBy(all, n => (n % 2 ? 'odd' : 'even'));
const words = 'larder keeps what it made'.match(/\\b\\w/g)?.join('').toUpperCase();

$view.setFilter('list', { limit });
$view.focus('total');
return { grouped, product: big.toString(), words, rest };
`,
    state: {},
    args: { limit: 50, note: 'kept' },
    capabilities: ['view:update:*'],
  },
];
