/**
 * Headgate for pages: channels that go on by themselves after a cut, and runs.
 *
 *     import { connect, follow, stop } from "https://headgate.example/headgate.js";
 *
 * It depends on nothing, and talks to the server that it came from unless it is given a `url`.
 *
 * @typedef {string | { name: string, scope?: "anonymous" | "authenticated" }} Channel a name alone is an anonymous one's
 * @typedef {{ actions?: object[], model?: object, app?: object }} Message
 * @typedef {{ channel: string, scope?: string, from?: { id: string, email?: string }, cursor: string,
 *             message: Message }} Told
 * @typedef {"connecting" | "open" | "waiting" | "expired" | "refused" | "closed"} State
 */

const HERE = new URL(".", import.meta.url).href;

/** Milliseconds without a sign of life, after which a connection is taken for lost; the server gives one every 15 s. */
const SILENCE = 40_000;

const ENDS = ["finished", "failed", "stopped"];
const OWN = ["message", "gap", "presence", "state"];
const ACTIONS = {
  anonymous: { join: "channelJoinAnon", leave: "channelLeaveAnon", send: "messageSendAnonChannel" },
  authenticated: { join: "channelJoin", leave: "channelLeave", send: "messageSend" },
};
const JSON_BODY = { "content-type": "application/json" };

/** What the server does not do, in its own words. */
export class Refused extends Error {
  /** @param {number} status @param {string} code @param {string} message @param {number} [retryAfter] in seconds */
  constructor(status, code, message, retryAfter) {
    super(message);
    Object.assign(this, { name: "Refused", status, code, retryAfter });
  }

  /** Whether asking once more would be of no use. */
  get isFinal() {
    return this.status >= 400 && this.status < 500 && ![408, 425, 429].includes(this.status);
  }
}

/**
 * Be on channels.
 *
 * @param {{ url?: string, token?: string | (() => string | Promise<string>), channels?: Channel[], rollup?: string,
 *           history?: number, presence?: boolean, transport?: "socket" | "events", cursor?: string,
 *           session?: string }} [options] a `token` that is a function is asked for another whenever one has expired
 */
export const connect = (options = {}) => new Connection(options);

class Connection {
  /** Its id, which stays the same when it comes back; the channel `tab|ID` is its own. @type {string | undefined} */
  id;
  /** @type {State} */
  state = "connecting";
  /** Where it is on all of its channels: give it to `connect` to go on there. @type {string | undefined} */
  cursor;

  #options;
  #channels = new Map();
  #left = new Set();
  #handlers = new Map();
  #asked = new Map();
  #number = 0;
  #token;
  #needsToken = true;
  #tries = 0;
  #isHasty = false;
  #over = new AbortController();
  #say = null;
  #rest = new AbortController();
  #wake = () => this.#rest.abort();

  constructor(options) {
    this.#options = { url: HERE, transport: "socket", session: secret(), ...options };
    this.cursor = options.cursor;
    for (const channel of options.channels ?? []) this.#channels.set(keyOf(channel), placeOf(channel));
    globalThis.addEventListener?.("online", this.#wake);
    this.#live();
  }

  /**
   * Have a function called: with a named action's `options` and the message it came in, by the action's name; or for
   * `message` (all of them), `gap` (something may have been missed), `presence` and `state`.
   * @param {string} name @param {(said: any, told?: Told) => void} handler @returns {() => void} ends it
   */
  on(name, handler) {
    if (!this.#handlers.has(name)) this.#handlers.set(name, new Set());
    this.#handlers.get(name).add(handler);
    return () => this.#handlers.get(name).delete(handler);
  }

  /** Be on one more channel. @param {Channel} channel @param {{ history?: number }} [options] */
  async join(channel, options = {}) {
    this.#left.delete(keyOf(channel));
    if (this.#isSocket) return this.#enter(placeOf(channel), options);
    this.#channels.set(keyOf(channel), placeOf(channel));
    this.#again();
  }

  /** Be no longer on a channel. @param {Channel} channel */
  async leave(channel) {
    this.#left.add(keyOf(channel));
    this.#channels.delete(keyOf(channel));
    if (this.state === "refused") this.#wake();
    if (this.#isSocket) return this.#exit(placeOf(channel));
    this.#again();
  }

  /**
   * Say something; comes back when the server has it. A message that was on its way when the connection was lost is
   * not sent again, because it may have arrived.
   * @param {Channel | Channel[]} channels @param {Message} message
   */
  async send(channels, message) {
    const places = [channels].flat().map(placeOf);
    const scopes = [...new Set(places.map(({ scope }) => scope))];
    await Promise.all(
      scopes.map((scope) => {
        const names = places.filter((place) => place.scope === scope).map(({ name }) => name);
        if (this.#isSocket) return this.#ask(ACTIONS[scope].send, { ...message, channels: names });
        const body = JSON.stringify({ message, channels: names, scope });
        return asked(at(this.#options.url, "message/sendmessage"), { method: "POST", headers: JSON_BODY, body });
      }),
    );
  }

  /** Go on with another token. @param {string} token */
  async renew(token) {
    this.#token = token;
    this.#needsToken = false;
    if (this.#isSocket && this.state === "open") await this.#ask("authenticate", { token });
    else this.#again();
  }

  /** Leave for good. */
  close() {
    globalThis.removeEventListener?.("online", this.#wake);
    this.#become("closed");
    this.#over.abort();
    this.#wake();
    this.#lose();
  }

  get #isSocket() {
    return this.#options.transport !== "events";
  }

  // One connection after another.

  async #live() {
    while (this.state !== "closed") {
      let error;
      this.#isHasty = false;
      this.#over = new AbortController();
      this.#become("connecting");
      try {
        await this.#listen(this.#over.signal);
      } catch (caught) {
        error = caught;
      }
      this.#lose();
      if (this.state !== "closed" && !this.#isHasty) await this.#recover(error);
    }
  }

  async #listen(signal) {
    const { token } = this.#options;
    if (this.#needsToken) this.#token = typeof token === "function" ? await token() : token;
    this.#needsToken = false;
    const hear = (said) => signal.aborted || this.#hear(said);
    if (this.#isSocket && (await this.#listenToSocket(signal, hear))) return;
    // A socket does not say why it was refused; a stream with the same address does.
    const { body } = await asked(this.#address("stream"), { signal });
    if (this.#isSocket) return body.cancel();
    for await (const { event, id, data } of eventsOf(body)) hear({ type: event, cursor: id, ...JSON.parse(data) });
  }

  /** Comes back when the socket is over: whether it ever was open. */
  #listenToSocket(signal, hear) {
    return new Promise((done) => {
      const socket = new WebSocket(this.#address("socket").replace(/^http/, "ws"));
      let isOpen = false;
      let timer;
      const end = () => {
        clearTimeout(timer);
        socket.onmessage = socket.onclose = null;
        socket.close();
        done(isOpen || signal.aborted);
      };
      const isQuiet = () => {
        this.#say?.({ action: "ping" });
        timer = setTimeout(end, SILENCE / 2);
      };
      socket.onopen = () => (isOpen = true);
      socket.onmessage = ({ data }) => {
        clearTimeout(timer);
        timer = setTimeout(isQuiet, SILENCE / 2);
        hear(JSON.parse(data));
      };
      socket.onclose = end;
      signal.addEventListener("abort", end);
      timer = setTimeout(end, SILENCE);
      this.#say = (frame) => isOpen && socket.send(JSON.stringify(frame));
      if (signal.aborted) end();
    });
  }

  #address(path) {
    const { url, rollup, presence, history, session } = this.#options;
    const query = new URLSearchParams({ session });
    for (const { name, scope } of this.#channels.values()) {
      query.append(scope === "authenticated" ? scope : "channel", name);
    }
    if (this.#token) query.set("token", this.#token);
    if (rollup) query.set("rollup", rollup);
    if (presence) query.set("presence", "true");
    if (this.cursor) query.set("last_event_id", this.cursor);
    else if (history) query.set("history", String(history));
    return at(url, `message/${path}?${query}`);
  }

  /** Wait until another try makes sense. */
  async #recover(error) {
    const hasExpired = this.#needsToken || error?.code === "token_expired";
    this.#needsToken = hasExpired;
    const isStuck = hasExpired ? typeof this.#options.token !== "function" : error instanceof Refused && error.isFinal;
    const wait = isStuck ? undefined : Math.max(patience(this.#tries++), 1000 * (error?.retryAfter ?? 0));
    this.#become(!isStuck ? "waiting" : hasExpired ? "expired" : "refused", { error, wait });
    await this.#pause(wait);
  }

  /** For that long, or until something has changed. */
  #pause(wait) {
    this.#rest = new AbortController();
    return sleep(wait, this.#rest.signal);
  }

  /** Connect anew, at once. */
  #again() {
    this.#isHasty = true;
    this.#over.abort();
    this.#wake();
  }

  #become(state, more = {}) {
    if (this.state === "closed") return;
    this.state = state;
    this.#tell("state", { state, ...more });
  }

  // What is said to the server.

  #ask(action, options) {
    return new Promise((resolve, reject) => {
      const frame = { action, options, id: ++this.#number };
      this.#asked.set(frame.id, { frame, resolve, reject, isSaid: this.state === "open" });
      if (this.state === "open") this.#say(frame);
      if (this.state === "closed") this.#lose();
    });
  }

  #enter({ name, scope }, { history }) {
    const { presence } = this.#options;
    return this.#ask(ACTIONS[scope].join, { channel: name, history: history ?? 0, presence: !!presence });
  }

  #exit({ name, scope }) {
    return this.#ask(ACTIONS[scope].leave, { channel: name });
  }

  /** The connection is lost: what does no harm when it is asked twice is asked again on the next one. */
  #lose() {
    this.#say = null;
    for (const [id, { frame, resolve, reject, isSaid }] of this.#asked) {
      const isMessage = frame.action.startsWith("messageSend");
      if (!(isMessage && isSaid) && this.state !== "closed") continue;
      this.#asked.delete(id);
      const why = isSaid ? "was lost; nobody knows whether the message has arrived." : "is closed.";
      if (isMessage) reject(new Error(`The connection ${why}`));
      else resolve(undefined);
    }
  }

  // What the server says.

  #hear(said) {
    const { type = "message", id } = said;
    // Who has sent something is told how far it got, which may be further than what has come back.
    if (said.cursor !== undefined && type !== "sent") this.cursor = said.cursor;
    if (type === "connected") this.#greeted(said);
    else if (type === "expired") this.#needsToken = true;
    else if (type === "joined") this.#joined(said);
    else if (type === "left") this.#channels.delete(keyOf(placeOf(said)));
    else if (OWN.includes(type) && !this.#left.has(keyOf(placeOf(said)))) this.#tellAll(type, said);
    const asked = this.#asked.get(id);
    if (!asked || type === "message") return;
    this.#asked.delete(id);
    if (type !== "error") asked.resolve(said);
    else asked.reject(new Refused(said.code, said.data.code, said.message, said.data.retryAfter));
  }

  #greeted({ connectionId, channels, presence = [] }) {
    this.id = connectionId;
    this.#tries = 0;
    this.#become("open");
    for (const place of presence) this.#tell("presence", place);
    if (!this.#isSocket) return;
    for (const asked of this.#asked.values()) {
      asked.isSaid = true;
      this.#say(asked.frame);
    }
    for (const scope of ["anonymous", "authenticated"]) {
      for (const name of channels[scope]) {
        if (this.#left.has(keyOf({ name, scope }))) this.#exit({ name, scope });
      }
    }
  }

  #joined({ channel, scope, count, id }) {
    const place = { name: channel, scope };
    // The others are where the server has put it, and will again.
    if (id !== undefined && !this.#left.has(keyOf(place))) this.#channels.set(keyOf(place), place);
    if (count !== undefined) this.#tell("presence", { channel, scope, count });
  }

  #tellAll(type, said) {
    this.#tell(type, said);
    for (const { action, name, options } of said.message?.actions ?? []) {
      if (action === "namedAction" && !OWN.includes(name)) this.#tell(name, options ?? {}, said);
    }
  }

  #tell(name, ...said) {
    for (const handler of this.#handlers.get(name) ?? []) tell(handler, ...said);
  }
}

/**
 * Read a run's events, from its start or after one of them, across cuts, to its end.
 *
 * @param {string} run
 * @param {{ url?: string, key?: string, token?: string, after?: number, signal?: AbortSignal,
 *           onText?: (delta: string, event: object) => void, onEvent?: (event: object, number: number) => void,
 *           onEnd?: (end?: object) => void }} [options] `token` is that of a link to the run
 * @returns {Promise<object | undefined>} the last event; nothing if it had that already, or was told to leave
 */
export async function follow(run, { url = HERE, key, token, after, signal, onText, onEvent, onEnd } = {}) {
  const address = runAddress(url, run, "events", token);
  let tries = 0;
  while (!signal?.aborted) {
    try {
      const headers = { ...bearer(key), ...(after !== undefined && { "last-event-id": String(after) }) };
      const answer = await asked(address, { signal, headers });
      if (answer.status === 204) return tell(onEnd);
      for await (const { id, data } of eventsOf(answer.body)) {
        if (signal?.aborted) return undefined;
        tries = 0;
        after = Number(id);
        const event = JSON.parse(data);
        tell(onEvent, event, after);
        if (event.type === "text") tell(onText, event.delta, event);
        if (!ENDS.includes(event.type)) continue;
        tell(onEnd, event);
        return event;
      }
    } catch (error) {
      if (error instanceof Refused && error.isFinal) throw error;
    }
    await sleep(patience(tries++), signal);
  }
}

/**
 * Stop a run; what it has come to.
 * @param {string} run @param {{ url?: string, key?: string, token?: string }} [options]
 */
export async function stop(run, { url = HERE, key, token } = {}) {
  const answer = await asked(runAddress(url, run, "stop", token), { method: "POST", headers: bearer(key) });
  return answer.json();
}

/** The events of a stream of them, until it ends; fails when it falls silent. @param {ReadableStream} body */
async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let found = {};
  try {
    for (let piece; !(piece = await inTime(reader.read())).done; ) {
      // A carriage return at the end may be half of a line's end.
      const lines = (rest + piece.value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
        if (line) found[name] = name === "data" && "data" in found ? `${found.data}\n${value}` : value;
        else if ("data" in found) yield found;
        if (!line) found = {};
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function asked(address, options) {
  const answer = await fetch(address, { cache: "no-store", ...options });
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  const { code, message } = said.error ?? { code: said.data?.code, message: said.message };
  const wait = Number(answer.headers.get("retry-after")) || undefined;
  throw new Refused(answer.status, code ?? "", message ?? `status ${answer.status}`, wait);
}

const at = (url, path) => `${url.replace(/\/+$/, "")}/${path}`;
const runAddress = (url, run, what, token) =>
  at(url, `v1/runs/${encodeURIComponent(run)}/${what}${token ? `?token=${encodeURIComponent(token)}` : ""}`);
const bearer = (key) => (key ? { authorization: `Bearer ${key}` } : {});
const secret = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

/** @param {any} said a channel as somebody names it, or something that was told of one */
const placeOf = (said) =>
  typeof said === "string"
    ? { name: said, scope: "anonymous" }
    : { name: said.name ?? said.channel, scope: said.scope ?? "anonymous" };
const keyOf = (channel) => `${placeOf(channel).scope} ${placeOf(channel).name}`;

/** Milliseconds before another try: more each time, and never the same for everybody. @param {number} tries */
const patience = (tries) => Math.min(30_000, 500 * 2 ** tries) * (0.5 + Math.random() / 2);

function sleep(wait, signal) {
  return new Promise((done) => {
    const timer = wait === undefined ? undefined : setTimeout(done, wait);
    signal?.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });
}

function inTime(reading) {
  let timer;
  const silence = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error("The server fell silent.")), SILENCE);
  });
  return Promise.race([reading, silence]).finally(() => clearTimeout(timer));
}

/** Call somebody else's function, whose errors are not ours. */
function tell(handler, ...said) {
  try {
    handler?.(...said);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}
