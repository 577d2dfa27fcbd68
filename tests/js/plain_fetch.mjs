// A page's own reader that keeps nothing between two reads: it trusts that no event is ever cut in two.
import { given, tell } from "./judge.mjs";

const response = await fetch(given.url + "/v1/chat/completions", {
  method: "POST",
  headers: given.headers,
  body: JSON.stringify({ model: given.model, stream: true, messages: [{ role: "user", content: given.said }] }),
});
const decoder = new TextDecoder();
let said = "";
for await (const read of response.body) {
  for (const line of decoder.decode(read).split("\n").filter((line) => line.startsWith("data: "))) {
    if (line.includes("[DONE]")) break;
    said += JSON.parse(line.slice(6)).choices[0].delta.content;
  }
}
tell(said);
