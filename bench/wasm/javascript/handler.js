// A handler of the kind that runs once per request: routes, a regular expression, a class, JSON both ways, a promise.
class Store {
  constructor() {
    this.items = new Map();
    for (let i = 0; i < 100; i++) this.items.set(`item-${i}`, { id: i, name: `Item ${i}`, price: i * 1.25, tags: ["a", "b"] });
  }

  find(id) {
    const item = this.items.get(id);
    if (!item) throw new NotFound(id);
    return item;
  }
}

class NotFound extends Error {}

const store = new Store();
const routes = [];

function route(method, pattern, action) {
  const names = [];
  const source = pattern.replace(/:(\w+)/g, (_, name) => (names.push(name), "([^/]+)"));
  routes.push({ method, names, action, expression: new RegExp(`^${source}$`) });
}

for (const name of ["health", "version", "metrics", "users", "orders", "sessions", "search", "carts"]) {
  route("GET", `/${name}`, async () => ({ name }));
}
route("GET", "/items/:id", async ({ id }) => store.find(id));
route("POST", "/items/:id/quote", async ({ id }, body) => {
  const item = store.find(id);
  const lines = body.quantities.map((quantity, index) => ({ index, quantity, total: quantity * item.price }));
  return { item: item.name, lines, total: lines.reduce((sum, line) => sum + line.total, 0) };
});

globalThis.handle = async (text) => {
  const request = JSON.parse(text);
  for (const { method, names, action, expression } of routes) {
    const match = request.method === method && expression.exec(request.path);
    if (match) {
      const parameters = Object.fromEntries(names.map((name, index) => [name, match[index + 1]]));
      try {
        return JSON.stringify({ status: 200, body: await action(parameters, request.body) });
      } catch (error) {
        return JSON.stringify({ status: error instanceof NotFound ? 404 : 500, body: { error: error.message } });
      }
    }
  }
  return JSON.stringify({ status: 404 });
};

function main() {
  return routes.length + " routes";
}
