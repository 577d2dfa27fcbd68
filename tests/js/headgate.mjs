// headgate.js in a browser, on pages of another origin: what is told of each play is what the test asked for.
import { given, tell } from "./judge.mjs";
import { inBrowser } from "./browser.mjs";

const { chromium, home, server, cutters, key } = given;
const module = `${server}/headgate.js`;

/** What a page can use: a wait, and all that one connection was told. It runs in the browser. */
function tools() {
  globalThis.until = async (look) => {
    for (const began = Date.now(); !look(); ) {
      if (Date.now() - began > 20_000) throw new Error(`waited in vain: ${look}`);
      await new Promise((later) => setTimeout(later, 5));
    }
  };
  globalThis.listening = (connection) => {
    const heard = { states: [], codes: [], told: [], gaps: [] };
    connection.on("state", ({ state, error }) => {
      heard.states.push(state);
      if (error?.code) heard.codes.push(error.code);
    });
    connection.on("message", ({ message }) => heard.told.push(message));
    connection.on("gap", ({ channel }) => heard.gaps.push(channel));
    return heard;
  };
}

async function post(path, body) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const answer = await fetch(`${server}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

const say = (channel, number, scope) =>
  post("/message/sendmessage", { channels: [channel], scope, message: { model: { number } } });
const told = (heard) => heard.map(({ model }) => model.number);

/** A context whose pages have those tools; connections of one do not count in another. */
async function pages(browser, count, address = home) {
  const context = await browser.newContext();
  context.setDefaultTimeout(30_000);
  await context.addInitScript(tools);
  const opened = await Promise.all(Array.from({ length: count }, () => context.newPage()));
  for (const [at, page] of opened.entries()) {
    page.on("pageerror", (error) => process.stderr.write(`${error.stack}\n`));
    await page.goto(address.replace("NAME", ["Ann", "Bob"][at]));
  }
  return opened;
}

const plays = {
  /** Two tabs of the example. */
  async joke(browser) {
    const tabs = await pages(browser, 2, `${home}/channels.html?server=${server}&name=NAME`);
    await Promise.all(tabs.map((tab) => tab.waitForSelector("#state.open")));
    const [ann, bob] = tabs;
    const others = () => bob.waitForSelector("#said li");
    await ann.fill("#text", "Do you know the one about the developer?");
    await Promise.all([others(), ann.click("#say .main")]);
    await bob.fill("#text", "No.");
    await bob.click("#say .main");
    await ann.waitForFunction(() => document.querySelectorAll("#said li").length === 2);
    for (const tab of tabs) {
      await tab.evaluate(() => {
        globalThis.seen = [];
        const look = () => globalThis.seen.push(document.querySelector("#said li.joke")?.textContent);
        new MutationObserver(look).observe(document.querySelector("#said"), { childList: true, subtree: true });
      });
    }
    const [request, answer] = await Promise.all([
      ann.waitForRequest("**/stream/create"),
      ann.waitForResponse("**/stream/create"),
      ann.click("#joke"),
    ]);
    await Promise.all(tabs.map((tab) => tab.waitForSelector("#said li.joke:not(.live)")));
    return {
      request: request.postDataJSON(),
      acknowledged: [answer.status(), await answer.json(), answer.headers()["headgate-run"]],
      seen: await Promise.all(tabs.map((tab) => tab.evaluate(() => globalThis.seen))),
      said: await Promise.all(tabs.map((tab) => tab.locator("#said li:not(.joke)").allInnerTexts())),
      mine: await Promise.all(tabs.map((tab) => tab.locator("#said li.mine").allInnerTexts())),
      count: await Promise.all(tabs.map((tab) => tab.innerText("#count"))),
    };
  },

  /** Both ways to listen, through a proxy that cuts. */
  async cuts(browser) {
    const [page] = await pages(browser, 1);
    return page.evaluate(
      async ({ module, server, urls, key, text }) => {
        // The shortest wait before each try.
        Math.random = () => 0;
        const { connect } = await import(module);
        const heard = await Promise.all(
          ["socket", "events"].map(async (transport, at) => {
            const connection = connect({ url: urls[at], transport, channels: ["cuts"] });
            const said = { pieces: [], opens: 1, ids: new Set() };
            await until(() => connection.state === "open");
            connection.on("state", ({ state }) => {
              said.opens += state === "open";
              if (state === "open") said.ids.add(connection.id);
            });
            connection.on("tell", (options) => said.pieces.push(options));
            return { connection, said };
          }),
        );
        const messages = [{ role: "user", content: "Count." }];
        const payload = { stream: true, messages, simulator: { text, gap_ms: 8 } };
        const body = JSON.stringify({ apiKey: key, channels: ["cuts"], actionName: "tell", payload });
        await fetch(`${server}/stream/create`, { method: "POST", body });
        return Promise.all(
          heard.map(async ({ connection, said }) => {
            await until(() => said.pieces.at(-1)?.type === "end");
            connection.close();
            return { ...said, ids: said.ids.size, state: connection.state };
          }),
        );
      },
      { module, server, urls: cutters, key, text: given.text },
    );
  },

  /** A channel of members: with a token that ends, and another. */
  async tokens(browser) {
    await post("/message/adduser", { users: [{ id: "U1", channels: [{ name: "sales", mode: "ignore" }] }] });
    const asked = { user: "U1", channels: ["sales*"], rights: ["subscribe", "publish"] };
    const token = async (expires_in) => (await (await post("/message/tokens", { ...asked, expires_in })).json()).token;
    const [page] = await pages(browser, 1);
    await page.exposeFunction("token", token);
    await page.evaluate(async (module) => {
      const { connect } = await import(module);
      const one = (token, transport, name = "sales") => {
        const connection = connect({ token, transport, channels: [{ name, scope: "authenticated" }] });
        return { connection, heard: listening(connection) };
      };
      const [long, short] = [await token(60), await token(1)];
      globalThis.asked = 0;
      globalThis.all = {
        socket: one(long, "socket"),
        events: one(long, "events"),
        asks: one(() => token(asked++ ? 60 : 1), "socket"),
        stranger: one(long, "socket", "sales2"),
      };
      const { socket, events, asks } = all;
      await until(() => socket.connection.state === "open" && events.connection.state === "open");
      await events.connection.renew(short);
      // On a slow machine it may have ended before the socket could bring it.
      const bring = async () => socket.connection.renew(await token(2));
      for (let isIn = false; !isIn; ) isIn = await bring().then(() => true, ({ status }) => status !== 401);
      await until(() => socket.connection.state === "expired" && events.connection.state === "expired");
      all.late = one(short, "socket");
      await until(() => all.late.connection.state === "expired" && asked === 2 && asks.connection.state === "open");
    }, module);
    await say("sales", 1, "authenticated");
    return page.evaluate(async () => {
      const { socket, events, asks, late } = all;
      const fresh = await token(60);
      for (const { connection } of [socket, events, late]) await connection.renew(fresh);
      await until(() => [socket, events, asks].every(({ heard }) => heard.told.length));
      const sales = { name: "sales", scope: "authenticated" };
      const from = new Promise((found) => {
        asks.connection.on("message", (said) => found([said.from, said.message.model]));
      });
      await socket.connection.send([sales], { model: { number: 2 } });
      const refused = await socket.connection.join("lobby").catch(({ code, status }) => [status, code]);
      await socket.connection.renew(fresh);
      const told = Object.fromEntries(Object.entries(all).map(([name, { heard }]) => [name, structuredClone(heard)]));
      return { ...told, from: await from, refused };
    });
  },

  /** On and off channels, while others speak. */
  async joining(browser) {
    const [page] = await pages(browser, 1);
    const seen = {};
    for (const transport of ["socket", "events"]) {
      await say("anonymous", 98);
      await say(`${transport}-b`, 0);
      await page.evaluate(
        async ({ module, transport }) => {
          const { connect } = await import(module);
          globalThis.options = { transport, presence: true, session: `the secret of ${transport}` };
          globalThis.connection = connect({ ...options, channels: [`${transport}-a`], history: 1 });
          globalThis.heard = listening(connection);
          globalThis.counts = [];
          connection.on("presence", ({ channel, count }) => counts.push([channel, count]));
          await connection.leave("anonymous");
          await connection.join(`${transport}-b`, { history: 1 });
          await until(() => connection.state === "open");
        },
        { module, transport },
      );
      await say(`${transport}-a`, 1);
      await say("anonymous", 99);
      await say(`${transport}-b`, 2);
      await page.evaluate(() => until(() => heard.told.at(-1)?.model.number === 2));
      await page.evaluate(async (channel) => {
        await connection.leave(channel);
        await until(() => connection.state === "open");
      }, `${transport}-a`);
      await say(`${transport}-a`, 3);
      await say(`${transport}-b`, 4);
      const heard = await page.evaluate(async () => {
        await until(() => heard.told.at(-1).model.number === 4);
        connection.close();
        const late = await connection.send("x", { model: {} }).catch(({ status, message }) => status ?? message);
        return { ...heard, counts, late };
      });
      await say(`${transport}-b`, 5);
      // A page that is loaded again goes on where it was, as who it was.
      const again = await page.evaluate(
        async ({ module, channel }) => {
          const { connect } = await import(module);
          const { id, cursor } = connection;
          const other = connect({ ...options, cursor, channels: [channel] });
          const heard = listening(other);
          await until(() => heard.told.length);
          other.close();
          return { told: heard.told, isSame: other.id === id };
        },
        { module, channel: `${transport}-b` },
      );
      seen[transport] = { ...heard, told: told(heard.told), again: [told(again.told), again.isSame] };
    }
    return seen;
  },

  /** A run, followed through a proxy that cuts, and one that is stopped. */
  async runs(browser) {
    const [page] = await pages(browser, 1);
    return page.evaluate(
      async ({ module, url, key, text }) => {
        Math.random = () => 0;
        const { follow, stop } = await import(module);
        const begin = async (gap_ms) => {
          const headers = { authorization: `Bearer ${key}`, "headgate-disconnect": "keep" };
          const messages = [{ role: "user", content: "Count." }];
          const body = JSON.stringify({ model: "simulator/demo", stream: true, messages, simulator: { text, gap_ms } });
          const answer = await fetch(new URL("/v1/chat/completions", module), { method: "POST", headers, body });
          answer.body.cancel();
          return answer.headers.get("headgate-run");
        };
        const whole = { numbers: [], text: "", ends: [] };
        const run = await begin(5);
        const link = await fetch(new URL(`/v1/runs/${run}/links`, module), {
          method: "POST",
          headers: { authorization: `Bearer ${key}` },
          body: "{}",
        });
        const { token } = await link.json();
        const onText = (delta) => (whole.text += delta);
        const onEvent = (event, number) => whole.numbers.push(number);
        const onEnd = (event) => whole.ends.push(event?.type ?? "nothing");
        await follow(run, { url, token, onText, onEvent, onEnd });
        await follow(run, { key, after: whole.numbers.at(-1), onEvent, onEnd });

        const stopped = { words: 0 };
        const other = await begin(20);
        const following = follow(other, { key, onText: () => (stopped.words += 1) });
        await until(() => stopped.words > 4);
        stopped.status = (await stop(other, { key })).status;
        stopped.end = await following;

        const left = new AbortController();
        const third = follow(await begin(20), { key, signal: left.signal, onText: () => left.abort() });
        const refused = await follow("run_none", { key }).catch(({ status, code, isFinal }) => [status, code, isFinal]);
        return { run, whole, other, stopped, left: (await third) ?? "nothing", refused };
      },
      { module, url: cutters[2], key, text: given.text },
    );
  },

  /** The server is killed while pages are on a channel, and comes back. */
  async restart(browser) {
    const [page] = await pages(browser, 1);
    await page.evaluate(async (module) => {
      Math.random = () => 0;
      const { connect } = await import(module);
      globalThis.all = ["socket", "events"].map((transport) => {
        const connection = connect({ transport, channels: ["restarting"] });
        const one = { connection, heard: listening(connection) };
        // What is asked meanwhile waits for the next connection.
        connection.on("state", ({ state }) => {
          if (state === "waiting") one.joined ??= connection.join("meanwhile");
        });
        return one;
      });
      await until(() => all.every(({ connection }) => connection.state === "open"));
      // Now it may be killed.
      connect({ channels: ["ready"] });
      await until(() => all.every(({ heard }) => heard.gaps.includes("restarting")));
      await Promise.all(all.map(({ joined }) => joined));
    }, module);
    await say("restarting", 7);
    await say("meanwhile", 8);
    const heard = await page.evaluate(async () => {
      await until(() => all.every(({ heard }) => heard.told.length > 1));
      return all.map(({ heard }) => heard);
    });
    return heard.map((each) => ({ ...each, told: told(each.told) }));
  },
};

const seen = await inBrowser(chromium, home, async (page) => {
  const browser = page.context().browser();
  const play = async (name) => [name, await plays[name](browser).catch((error) => ({ broken: String(error.stack) }))];
  const together = await Promise.all(["joke", "cuts", "tokens", "joining", "runs"].map(play));
  return Object.fromEntries([...together, await play("restart")]);
});
tell(seen);
