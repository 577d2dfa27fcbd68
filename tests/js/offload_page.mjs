// Uses the example page as a person would, in the browser: asks, reads along, stops, goes on, looks back.
import { given, tell } from "./judge.mjs";
import { inBrowser } from "./browser.mjs";

const { chromium, page: address, server, key, plays } = given;

/** What the page shows. */
const shown = (page) =>
  page.evaluate(() => ({
    turns: [...document.querySelectorAll("#conversation li")].map((item) => [item.className, item.textContent]),
    note: document.getElementById("note").textContent,
    is_error: document.getElementById("note").className === "error",
  }));

/** Until the page has nothing more to wait for. */
const quiet = (page) => page.waitForFunction(() => !document.getElementById("send").disabled);

const acts = {
  async ask(page, { message, more, isPrivate, how }) {
    await page.fill("#message", message);
    await page.fill("#more", JSON.stringify(more ?? {}));
    await page.setChecked("#private", isPrivate ?? false);
    await page.selectOption("#how", how ?? "stream");
    await page.click("#send");
  },
  async until(page, { text }) {
    await page.waitForFunction(
      (wanted) => document.querySelector("#conversation li:last-child")?.textContent.includes(wanted),
      text,
    );
  },
  stop: (page) => page.click("#stop"),
  anew: (page) => page.click("#anew"),
  async reopen(page, { url, token }) {
    await page.fill("#reopen-url", url);
    await page.fill("#reopen-token", token ?? "");
    await page.click("#reopen button");
  },
  quiet,
};

tell(
  await inBrowser(chromium, address, async (page) => {
    page.setDefaultTimeout(20_000);
    await page.click("summary");
    await page.fill("#server", server);
    await page.fill("#key", key ?? "");
    const seen = [];
    for (const [act, said] of plays) {
      await acts[act](page, said ?? {});
      if (act === "quiet") seen.push(await shown(page));
    }
    seen.push(await page.evaluate(() => last));
    return seen;
  }),
);
