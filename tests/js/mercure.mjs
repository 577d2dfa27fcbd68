// Plays what Mercure's own browser tests play, with EventSource, npm's or the browser's: listen, publish, and see.
import { EventSource } from "eventsource";
import { given, tell } from "./judge.mjs";
import { inBrowser } from "./browser.mjs";

/** One play. A last update that must come shows that those before it came, or did not. It runs in the browser, too. */
function play({ hub, token, wanted, update, last }, Source = globalThis.EventSource) {
  const publish = async (fields) => {
    const body = new URLSearchParams(fields);
    const answer = await fetch(hub, { method: "POST", headers: { Authorization: `Bearer ${token}` }, body });
    return { status: answer.status, type: answer.headers.get("content-type"), id: await answer.text() };
  };
  return new Promise((done, fail) => {
    const url = new URL(hub);
    for (const [name, value] of wanted) url.searchParams.append(name, value);
    const source = new Source(url);
    const heard = [];
    let published;
    source.onopen = async () => {
      published = await publish(update);
      await publish(last);
    };
    source.onmessage = ({ lastEventId, data }) => {
      if (data !== "the end") return heard.push([lastEventId, data]);
      source.close();
      done({ heard, published });
    };
    source.onerror = (error) => fail(new Error(`${error.code} ${error.message}`));
  });
}

/** What the browser's own URL Patterns say; null for one that it refuses. */
function judge({ base, patterns }) {
  return patterns.map(([pattern, topic]) => {
    try {
      return new URLPattern(pattern, base).test(topic, base);
    } catch {
      return null;
    }
  });
}

/** A few at a time: a browser opens no more than six connections to one server. */
async function playAll(plays, one) {
  const told = [];
  while (told.length < plays.length) told.push(...(await Promise.all(plays.slice(told.length, told.length + 4).map(one))));
  return told;
}

const { plays, patterns, base, chromium, home } = given;
if (patterns) {
  tell(await inBrowser(chromium, home, (page) => page.evaluate(judge, { base, patterns })));
} else if (chromium) {
  tell(await inBrowser(chromium, home, (page) => playAll(plays, (one) => page.evaluate(play, one))));
} else {
  tell(await playAll(plays, (one) => play(one, EventSource)));
}
