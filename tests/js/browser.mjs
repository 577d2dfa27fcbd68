// The system's Chromium.
import { chromium } from "playwright-core";

/** Act on a page of the browser that was opened there; what `act` returns. Errors on the page fail it. */
export async function inBrowser(executablePath, home, act) {
  const browser = await chromium.launch({ executablePath });
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => process.stderr.write(`${error.stack}\n`));
    await page.goto(home);
    return await act(page);
  } finally {
    await browser.close();
  }
}
