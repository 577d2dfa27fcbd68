// A chat of the AI SDK: sends a message, reads the answer, leaves it in the middle, comes back to it.
import { WorkflowChatTransport } from "@ai-sdk/workflow/client";
import { DefaultChatTransport, readUIMessageStream } from "ai";
import { given, tell } from "./judge.mjs";

const { url, chat, kind, body, leaveAfter } = given;
const Transport = kind === "workflow" ? WorkflowChatTransport : DefaultChatTransport;
const transport = new Transport({ api: `${url}/v1/ui` });
// Of a cut they complain here, and go on.
console.error = () => {};

const message = { id: "msg-1", role: "user", parts: [{ type: "text", text: "Hello" }] };
const asked = { chatId: chat, messages: [message], trigger: "submit-message", body };

/** The chunks of a stream, and the message that the SDK makes of them; only so many of them, if it says so. */
async function read(stream, upto = Infinity, leave = () => {}) {
  const chunks = [];
  const [counted, shown] = stream.tee();
  const reading = (async () => {
    for await (const chunk of counted) {
      chunks.push(chunk);
      if (chunks.length === upto) leave();
    }
  })();
  const read = { chunks, message: null, error: null };
  try {
    for await (const seen of readUIMessageStream({ stream: shown, terminateOnError: true })) read.message = seen;
  } catch (error) {
    read.error = error.message;
  }
  await reading.catch(() => {});
  return read;
}

const plays = {
  /** To the end. */
  async whole() {
    return [await read(await transport.sendMessages(asked))];
  },
  /** Away in the middle, back for all of it, and back once more when it is over. */
  async leaving() {
    const gone = new AbortController();
    const sent = await transport.sendMessages({ ...asked, abortSignal: gone.signal });
    const first = await read(sent, leaveAfter, () => gone.abort());
    const second = await read(await transport.reconnectToStream({ chatId: chat }));
    return [first, second, await transport.reconnectToStream({ chatId: chat })];
  },
};
tell(await plays[leaveAfter ? "leaving" : "whole"]());
