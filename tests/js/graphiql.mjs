// GraphiQL in a browser without the internet: a query, a change, the documentation, and what is listened to.
import { chromium } from "playwright-core";
import { given, tell } from "./judge.mjs";

const { chromium: executablePath, server, key } = given;
const headers = { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) };
const complaints = [];
const elsewhere = [];

const editor = (part) => `${part} .CodeMirror`;
const QUERY = editor(".graphiql-query-editor");
const RESPONSE = editor(".graphiql-response");

const read = (page, part) => page.evaluate((part) => document.querySelector(part).CodeMirror.getValue(), part);

function write(page, part, text) {
  return page.evaluate(([part, text]) => document.querySelector(part).CodeMirror.setValue(text), [part, text]);
}

/** What is shown, once that is among it. */
async function shown(page, text) {
  const isThere = ([part, text]) => document.querySelector(part)?.CodeMirror.getValue().includes(text);
  await page.waitForFunction(isThere, [RESPONSE, text]);
  return read(page, RESPONSE);
}

/** Put it into the editor, and execute it once the page has understood it, which takes it a moment. */
async function start(page, query) {
  await write(page, QUERY, query);
  const isUnderstood = ([part, query]) => document.querySelector(part).CodeMirror.documentAST?.loc.source.body === query;
  await page.waitForFunction(isUnderstood, [QUERY, query]);
  await page.click(".graphiql-execute-button");
}

async function run(page, query, shows) {
  await start(page, query);
  return shown(page, shows);
}

async function play(page) {
  await page.goto(`${server}/graphql`);
  await page.waitForSelector(QUERY);
  const told = { example: await read(page, QUERY) };
  if (key) {
    told.refused = await run(page, "{ hello }", "errors");
    // Of the two editors below the query's, this is the one for headers.
    await page.evaluate((text) => {
      [...document.querySelectorAll(".graphiql-editor-tool .CodeMirror")].at(-1).CodeMirror.setValue(text);
    }, JSON.stringify({ authorization: headers.authorization }));
    await page.click('button[aria-label="Re-fetch GraphQL schema"]');
  }
  told.made = await run(page, 'mutation { createTodo(title: "by hand") { title completed } }', "by hand");
  told.found = await run(page, '{ todos(filter: {search: "by hand"}) { title } }', '"todos"');
  await page.click('button[aria-label*="Documentation Explorer"]');
  await page.locator('.graphiql-doc-explorer-type-name:text-is("Query")').click();
  await page.locator('.graphiql-doc-explorer-field-name:text-is("todoCount")').waitFor();
  told.documented = true;
  await start(page, "subscription { todoChanges { kind todo { title } } }");
  told.heard = await Promise.race([shown(page, "over there"), change()]);
  return told;
}

/** Change something again and again: nobody tells when a subscription has begun. */
async function change() {
  for (;;) {
    const query = 'mutation { createTodo(title: "over there") { id } }';
    await fetch(`${server}/graphql`, { method: "POST", headers, body: JSON.stringify({ query }) });
    await new Promise((done) => setTimeout(done, 100));
  }
}

const browser = await chromium.launch({ executablePath });
try {
  const context = await browser.newContext();
  await context.route("**/*", (route) => {
    if (route.request().url().startsWith(server)) return route.continue();
    elsewhere.push(route.request().url());
    return route.abort();
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  tell({ ...(await play(page)), complaints, elsewhere });
} finally {
  await browser.close();
}
process.exit(0);
