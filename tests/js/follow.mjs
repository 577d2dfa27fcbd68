// Follows streams with EventSource, npm's or the browser's, until it is told that nothing more will come.
import { EventSource } from "eventsource";
import { given, tell } from "./judge.mjs";
import { inBrowser } from "./browser.mjs";

/** Everything one EventSource hears. It runs in the browser too, so it knows nothing but its arguments. */
function follow({ url, names }, Source = globalThis.EventSource) {
  return new Promise((done) => {
    const source = new Source(url);
    const heard = { events: [], opens: 0 };
    source.onopen = () => (heard.opens += 1);
    for (const name of names) {
      source.addEventListener(name, ({ type, lastEventId, data }) => heard.events.push([type, lastEventId, data]));
    }
    // While it tries again it is CONNECTING; CLOSED is the end.
    source.onerror = () => source.readyState === 2 && done(heard);
  });
}

const { urls, names, chromium, home } = given;
const all = (one) => Promise.all(urls.map((url) => one({ url, names })));
if (chromium) {
  tell(await inBrowser(chromium, home, (page) => all((asked) => page.evaluate(follow, asked))));
} else {
  tell(await all((asked) => follow(asked, EventSource)));
}
