// What handlers see besides the language. The script's value is a function that is called once, before any handler is
// loaded, with the host's one function; it defines the globals and returns what the host calls itself. Nothing here is a
// border: the host checks every call by itself. What handlers may change is taken into constants first, so that a handler
// which changes it confuses nobody but itself.
(function (host, timeNeedsGrant) {
  'use strict';

  const { stringify } = JSON;
  const { defineProperty, create, freeze } = Object;
  const { apply, construct } = Reflect;
  const { floor } = Math;
  const parseHex = parseInt;
  const text = String;
  const NativePromise = Promise;
  const NativeError = Error;
  const isError = Error.isError;
  const slice = String.prototype.slice;
  const textOf = Error.prototype.toString;

  const State = { get: 1, set: 2, delete: 3, has: 4, keys: 5 };
  const Emit = 6;
  const View = 7;
  const Ext = { call: 8, exists: 9, list: 10, methods: 11 };
  const Log = 12;
  const Now = 13;
  const Random = 14;
  const RandomBytes = 15;
  const Args = 16;
  const Scope = 17;
  const Clock = 18;

  const secret = {};

  // What the host refuses. Its code decides that of the result.
  class HandlerError extends NativeError {
    #code;

    constructor(key, code, message) {
      if (key !== secret) throw new TypeError('Illegal constructor');
      super(message);
      this.#code = code;
      defineProperty(this, 'name', { value: 'HandlerError', writable: true, configurable: true });
      defineProperty(this, 'code', { value: code, enumerable: true });
    }

    static codeOf(value) {
      return typeof value === 'object' && value !== null && #code in value ? value.#code : undefined;
    }
  }

  // The host throws strings: a code, a space, a message.
  const call = (operation, first, second, third) => {
    try {
      return host(operation, first, second, third);
    } catch (refusal) {
      if (typeof refusal !== 'string') throw refusal;
      let end = 0;
      while (refusal[end] !== ' ') end++;
      throw new HandlerError(secret, apply(slice, refusal, [0, end]), apply(slice, refusal, [end + 1]));
    }
  };

  const fail = (code, message) => { throw new HandlerError(secret, code, message); };

  const json = (value, what) => {
    let result;
    try {
      result = stringify(value);
    } catch (error) {
      if (HandlerError.codeOf(error) !== undefined) throw error;
      fail('SERIALIZATION_ERROR', `${what} is not JSON: ${messageOf(error)}`);
    }
    if (result === undefined) {
      if (value === undefined) return undefined;
      fail('SERIALIZATION_ERROR', `${what} is not JSON: it is a ${typeof value}`);
    }
    return result;
  };

  const name = (value, what) => {
    if (typeof value !== 'string') fail('INVALID_ARGUMENT', `${what} must be a string, not ${value === null ? 'null' : typeof value}`);
    return value;
  };

  // Values are given to the host as they are. It reads plain ones where they lie; where it answers false it wants the text,
  // and has done nothing yet.

  // ---- $state

  const read = key => call(State.get, key);
  const write = (key, value) => {
    if (call(State.set, key, undefined, value) !== false) return;
    call(State.set, key, json(value, `the value of $state.${key}`) ?? 'null');
  };

  const stateMethods = freeze({
    __proto__: null,
    get(key, otherwise) {
      const value = read(name(key, 'a state key'));
      return value === undefined ? otherwise : value;
    },
    set(key, value) { write(name(key, 'a state key'), value); },
    delete(key) { return call(State.delete, name(key, 'a state key')); },
    has(key) { return call(State.has, name(key, 'a state key')); },
    keys() { return call(State.keys); },
    update(key, change) {
      if (typeof key === 'object' && key !== null) {
        for (const each in key) write(each, key[each]);
        return undefined;
      }
      const value = change(read(name(key, 'a state key')));
      write(key, value);
      return value;
    },
  });

  // The language looks for these by itself, in `await $state` for one: no grant, no value, no error.
  const quiet = key => {
    try {
      return read(key);
    } catch {
      return undefined;
    }
  };

  const $state = new Proxy(create(null), {
    get(_, key) {
      if (typeof key === 'symbol') return undefined;
      if (key in stateMethods) return stateMethods[key];
      return key === 'then' || key === 'toJSON' ? quiet(key) : read(key);
    },
    set(_, key, value) {
      write(name(key, 'a state key'), value);
      return true;
    },
    has: (_, key) => typeof key === 'string' && call(State.has, key),
    deleteProperty(_, key) {
      call(State.delete, name(key, 'a state key'));
      return true;
    },
    ownKeys: () => call(State.keys),
    getOwnPropertyDescriptor(_, key) {
      if (typeof key === 'symbol') return undefined;
      const value = read(key);
      return value === undefined ? undefined : { value, writable: true, enumerable: true, configurable: true };
    },
    defineProperty(_, key, descriptor) {
      if (!('value' in descriptor)) fail('INVALID_ARGUMENT', 'a state key has a value, no accessors');
      write(name(key, 'a state key'), descriptor.value);
      return true;
    },
    getPrototypeOf: () => null,
    setPrototypeOf: () => false,
    preventExtensions: () => false,
  });

  // ---- $emit, $view, $log, $time

  const $emit = (event, payload) => {
    if (call(Emit, name(event, 'the name of an event'), undefined, payload) !== false) return;
    call(Emit, event, json(payload, `the payload of ${event}`));
  };
  $emit.toast = (message, level = 'info') => $emit('toast', { message, level, type: level });
  $emit.modal = payload => $emit('modal', payload);
  $emit.navigate = (to, options) => $emit('navigate', typeof to === 'string' ? { to, ...options } : to);

  const view = (type, component, values) => {
    if (component !== undefined && component !== null) name(component, 'the id of a component');
    if (call(View, type, component ?? undefined, values) !== false) return;
    call(View, type, component ?? undefined, json(values, `the argument of $view.${type}`));
  };
  const $view = {
    setFilter: (component, filter) => view('setFilter', component, { filter }),
    scrollTo: (component, position) => view('scrollTo', component, { position }),
    focus: component => view('focus', component, {}),
    custom(component, command, params) {
      if (typeof command === 'string') view('custom', component, { command, params: params ?? {} });
      else view('custom', component, command ?? {});
    },
    command: (component, command, params) => $view.custom(component, name(command, 'the name of a command'), params),
  };

  const plain = value => {
    if (typeof value === 'string') return value;
    if (typeof value !== 'object' || value === null) return typeof value === 'function' ? `[function ${value.name}]` : text(value);
    if (isError(value)) {
      const { message, stack } = value;
      return stack ? `${apply(textOf, value, [])}\n${stack}` : message;
    }
    try {
      return stringify(value) ?? text(value);
    } catch {
      return '[object]';
    }
  };
  const log = level => (...values) => {
    let line = '';
    for (let index = 0; index < values.length; index++) line += (index ? ' ' : '') + plain(values[index]);
    call(Log, level, line);
  };
  const $log = log(1);
  $log.debug = log(0);
  $log.info = log(1);
  $log.warn = log(2);
  $log.error = log(3);

  const $time = { now: () => call(Now) };

  // ---- $ext

  // Calls that the host has not answered yet, by number.
  const waiting = create(null);

  const extend = (extension, method, values) => new NativePromise((resolve, reject) => {
    const place = new NativeError();
    let number = call(Ext.call, extension, method, values);
    if (number === false) number = call(Ext.call, extension, method, json(values, `the arguments of $ext.${extension}.${method}`));
    waiting[number] = { resolve, reject, extension, method, place };
  });

  const settle = (number, isSuccess, value) => {
    const { resolve, reject, extension, method, place } = waiting[number];
    delete waiting[number];
    if (isSuccess) {
      resolve(value);
      return;
    }
    const error = new NativeError(value);
    error.extension = extension;
    error.method = method;
    defineProperty(error, 'stack', { value: place.stack, writable: true, configurable: true });
    reject(error);
  };

  const extensions = create(null);
  const extMethods = freeze({
    __proto__: null,
    exists: extension => call(Ext.exists, name(extension, 'the name of an extension')),
    list: () => call(Ext.list),
    methods: extension => call(Ext.methods, name(extension, 'the name of an extension')),
  });

  // No extension and no method is taken for a promise by the language just because it looks for `then`.
  const isMethod = (extension, method) => {
    for (const each of call(Ext.methods, extension)) if (each === method) return true;
    return false;
  };

  const extensionOf = extension => new Proxy(create(null), {
    get(_, method) {
      if (typeof method === 'symbol' || (method === 'then' && !isMethod(extension, method))) return undefined;
      return (...values) => extend(extension, method, values);
    },
    has: (_, method) => typeof method === 'string' && isMethod(extension, method),
    set: () => false,
    defineProperty: () => false,
  });

  const $ext = new Proxy(create(null), {
    get(_, extension) {
      if (typeof extension === 'symbol') return undefined;
      if (extension in extMethods) return extMethods[extension];
      if (extension === 'then' && !call(Ext.exists, extension)) return undefined;
      return extensions[extension] ??= extensionOf(extension);
    },
    has: (_, extension) => typeof extension === 'string' && call(Ext.exists, extension),
    ownKeys: () => call(Ext.list),
    getOwnPropertyDescriptor(_, extension) {
      if (typeof extension === 'symbol' || !call(Ext.exists, extension)) return undefined;
      return { value: $ext[extension], writable: false, enumerable: true, configurable: true };
    },
    set: () => false,
    defineProperty: () => false,
  });

  // ---- Randomness and time

  const random = { random: () => call(Random) };
  defineProperty(Math, 'random', { value: random.random, writable: true, configurable: true });

  const fillRandom = array => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const hex = call(RandomBytes, bytes.length);
    for (let index = 0; index < bytes.length; index++) bytes[index] = parseHex(hex[2 * index] + hex[2 * index + 1], 16);
    return array;
  };
  const crypto = freeze({
    getRandomValues: fillRandom,
    randomUUID() {
      const hex = call(RandomBytes, 16);
      const part = (from, to) => apply(slice, hex, [from, to]);
      const variant = '89ab'[floor(parseHex(hex[16], 16) / 4)];
      return `${part(0, 8)}-${part(8, 12)}-4${part(13, 16)}-${variant}${part(17, 20)}-${part(20, 32)}`;
    },
  });

  if (timeNeedsGrant) {
    const NativeDate = Date;
    const { now } = NativeDate;
    const GrantedDate = new Proxy(NativeDate, {
      apply(target, self, values) {
        call(Clock);
        return apply(target, self, values);
      },
      construct(target, values, newTarget) {
        if (values.length === 0) call(Clock);
        return construct(target, values, newTarget);
      },
    });
    defineProperty(NativeDate, 'now', { value: () => { call(Clock); return now(); }, writable: true, configurable: true });
    defineProperty(NativeDate.prototype, 'constructor', { value: GrantedDate, writable: true, configurable: true });
    defineProperty(globalThis, 'Date', { value: GrantedDate, writable: true, configurable: true });
  }

  // ---- Errors, for the host

  const messageOf = error => {
    try {
      if (!isError(error)) return typeof error === 'string' ? error : stringify(error) ?? text(error);
      const { name: kind, message } = error;
      return kind === undefined || kind === 'Error' || kind === 'HandlerError' ? text(message) : `${text(kind)}: ${text(message)}`;
    } catch {
      try {
        return text(error);
      } catch {
        return 'something that has no text';
      }
    }
  };

  // Code, message, stack and kind of what was thrown, as JSON.
  const describe = error => {
    let stack = '';
    let kind = '';
    try {
      if (isError(error)) {
        stack = text(error.stack ?? '');
        kind = text(error.name ?? '');
      }
    } catch {
      // A getter of the handler threw.
    }
    return stringify({ code: HandlerError.codeOf(error) ?? '', message: messageOf(error), stack, kind });
  };

  // ---- The globals

  const lazily = (global, operation) => defineProperty(globalThis, global, {
    configurable: true,
    get() {
      const value = call(operation);
      defineProperty(globalThis, global, { value, writable: true, configurable: true });
      return value;
    },
    set(value) { defineProperty(globalThis, global, { value, writable: true, configurable: true }); },
  });
  lazily('$args', Args);
  lazily('$scope', Scope);
  const globals = { $state, $emit: freeze($emit), $view: freeze($view), $ext, $log: freeze($log), $time: freeze($time), crypto };
  for (const global in globals) defineProperty(globalThis, global, { value: globals[global], writable: false, configurable: false });

  // Source is not compiled here, and frames of the stack are not handed out as functions.
  delete globalThis.eval;
  delete Error.prepareStackTrace;
  defineProperty(Error, 'prepareStackTrace', { value: undefined, writable: false, configurable: false });

  return { describe, settle };
})
