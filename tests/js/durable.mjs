// The clients of Durable Streams: read runs and streams, write streams, and the AI SDK's transport of theirs.
import { DurableStream, IdempotentProducer, stream } from "@durable-streams/client";
import { createDurableChatTransport } from "@durable-streams/aisdk-transport";
import { readUIMessageStream } from "ai";
import { given, tell } from "./judge.mjs";

const { play, url, headers, chat, body } = given;

const plays = {
  /** All messages of a stream that ends, live in each way, and once more when it is over. */
  async read() {
    const read = {};
    for (const live of ["sse", "long-poll", false]) {
      const response = await stream({ url, headers, live, json: true });
      const messages = [];
      for await (const message of response.jsonStream()) messages.push(message);
      read[live || "over"] = { messages, offset: response.offset, closed: response.streamClosed };
    }
    return read;
  },
  /** A stream from its making to its end: batches of a producer that numbers them, read back as they come. */
  async write() {
    const made = await DurableStream.create({ url, headers, contentType: "application/json" });
    const reading = (async () => {
      const response = await stream({ url, headers, live: "sse", json: true, offset: "-1" });
      const messages = [];
      for await (const message of response.jsonStream()) messages.push(message);
      return messages;
    })();
    const producer = new IdempotentProducer(made, "writer-1", { lingerMs: 0, maxBatchBytes: 200, autoClaim: true });
    for (let n = 0; n < given.count; n++) producer.append(JSON.stringify({ n, text: `žluť ${n}\n` }));
    await producer.flush();
    await producer.close();
    const seen = await reading;
    const head = await made.head();
    await made.delete();
    let gone = null;
    try {
      await stream({ url, headers, live: false });
    } catch (error) {
      gone = error.status;
    }
    return { seen, closed: head.streamClosed, gone };
  },
  /** A chat through the transport: sent, and found again by a page that was loaded anew. */
  async chat() {
    const transport = createDurableChatTransport({ api: `${url}/v1/ui`, headers: { ...headers, prefer: "respond-async" } });
    const messages = [{ id: "msg-1", role: "user", parts: [{ type: "text", text: "Hello" }] }];
    const gone = new AbortController();
    const sent = await transport.sendMessages({
      chatId: chat, messages, trigger: "submit-message", body, abortSignal: gone.signal,
    });
    const first = sent.getReader();
    const begun = [(await first.read()).value, (await first.read()).value];
    const again = await transport.reconnectToStream({ chatId: chat });
    gone.abort();
    let message = null;
    for await (const seen of readUIMessageStream({ stream: again, terminateOnError: true })) message = seen;
    return { begun, message, over: await transport.reconnectToStream({ chatId: chat }) };
  },
};
tell(await plays[play]());
