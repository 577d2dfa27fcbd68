// The official SDK: streams, answers in the background, sockets, signatures.
import OpenAI from "openai";
import { ResponsesWS } from "openai/resources/responses/ws";
import { given, tell } from "./judge.mjs";

const { url, asked } = given;
const client = new OpenAI({ baseURL: url + (given.base ?? "/v1"), apiKey: "any-key-will-do", maxRetries: 0 });

/** What a stream says; only so much of it, if it says so. */
async function read(stream, upto = Infinity) {
  const pieces = [];
  for await (const piece of stream) {
    pieces.push(piece);
    if (pieces.length === upto) break; // Which hangs up.
  }
  return pieces;
}

/** What is over, however it ended. */
async function over(id) {
  for (;;) {
    const response = await client.responses.retrieve(id);
    if (!["queued", "in_progress"].includes(response.status)) return response;
    await new Promise((done) => setTimeout(done, 10));
  }
}

const plays = {
  /** A chat's chunks, and what the helper makes of the same. */
  async chat() {
    const chunks = await read(await client.chat.completions.create({ ...asked, stream: true }));
    const runner = client.chat.completions.stream(asked);
    return { chunks, final: await runner.finalChatCompletion() };
  },

  /** In the background: left after some events, gone on with, had again whole, and by the helper. */
  async background() {
    const first = await read(await client.responses.create({ ...asked, background: true, stream: true }), given.upto);
    const { id } = first[0].response;
    const cursor = first.at(-1).sequence_number;
    const rest = await read(await client.responses.retrieve(id, { stream: true, starting_after: cursor }));
    const whole = await read(await client.responses.retrieve(id, { stream: true }));
    const helper = client.responses.stream({ response_id: id, starting_after: cursor });
    const helped = await read(helper);
    return { first, rest, whole, helped, final: await helper.finalResponse(), kept: await over(id) };
  },

  /** Cancelled twice, then gone on from, and forgotten. */
  async cancel() {
    const { id, status } = await client.responses.create({ ...asked, background: true });
    const once = await client.responses.cancel(id);
    const twice = await client.responses.cancel(id);
    const items = await read(await client.responses.inputItems.list(id));
    await client.responses.delete(id);
    const gone = await client.responses.retrieve(id).catch((error) => error);
    return { status, once, twice, items, gone: [gone.constructor.name, gone.status, gone.code] };
  },

  /** Several on one socket, the second gone on from the first. */
  async socket() {
    const socket = new ResponsesWS(client);
    const answers = [];
    let previous = {};
    for (const more of given.more) {
      socket.send({ type: "response.create", ...asked, ...more, ...previous });
      const events = [];
      for await (const said of socket.stream()) {
        if (said.type === "error") throw said.error;
        if (said.type !== "message") continue;
        events.push(said.message);
        if (/^response\.(completed|failed|incomplete)$/.test(said.message.type)) break;
      }
      previous = { previous_response_id: events.at(-1).response.id };
      answers.push(events);
    }
    socket.close();
    return answers;
  },

  /** Messages that came to a webhook, told from those that somebody changed. */
  async unwrap() {
    const { body, headers, secret } = given;
    const changed = await client.webhooks.unwrap(`${body} `, headers, secret).catch((error) => error.constructor.name);
    return { event: await client.webhooks.unwrap(body, headers, secret), changed };
  },
};
tell(await plays[given.play]());
