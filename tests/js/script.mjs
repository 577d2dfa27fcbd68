// Runs a script of the documentation on a page, until the page shows what is awaited.
import { given, tell } from "./judge.mjs";
import { inBrowser } from "./browser.mjs";

const { chromium, page: address, script, shows } = given;

tell(
  await inBrowser(chromium, address, async (page) => {
    page.setDefaultTimeout(20_000);
    await page.addScriptTag({ type: "module", content: script });
    await page.waitForFunction((text) => document.body.textContent.includes(text), shows);
    return page.evaluate(() => document.body.textContent);
  }),
);
