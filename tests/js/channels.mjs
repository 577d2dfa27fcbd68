// Listens to channels with EventSource, npm's or the browser's, until each has heard a last message.
import { EventSource } from "eventsource";
import { given, tell } from "./judge.mjs";
import { inBrowser } from "./browser.mjs";

/** Everything one EventSource hears. It runs in the browser too, so it knows nothing but its arguments. */
function listen({ url, last }, Source = globalThis.EventSource) {
  return new Promise((done) => {
    const source = new Source(url);
    const heard = { messages: [], others: [], opens: 0 };
    source.onopen = () => (heard.opens += 1);
    for (const name of ["connected", "gap", "expired"]) {
      source.addEventListener(name, ({ type, data }) => heard.others.push([type, JSON.parse(data)]));
    }
    source.onmessage = ({ data }) => {
      heard.messages.push(JSON.parse(data));
      if (heard.messages.at(-1).message.model.n === last) {
        source.close();
        done(heard);
      }
    };
  });
}

const { urls, last, chromium, home } = given;
const all = (one) => Promise.all(urls.map((url) => one({ url, last })));
if (chromium) {
  tell(await inBrowser(chromium, home, (page) => all((asked) => page.evaluate(listen, asked))));
} else {
  tell(await all((asked) => listen(asked, EventSource)));
}
