// Reads UI message streams with the AI SDK's own schema and state machine.
import { parseJsonEventStream, readUIMessageStream, uiMessageChunkSchema } from "ai";
import { given, tell } from "./judge.mjs";

// It warns of its own older names.
globalThis.AI_SDK_LOG_WARNINGS = false;

async function read(stream) {
  const seen = { chunks: [], wrong: [], message: null, error: null };
  const parsed = parseJsonEventStream({ stream: new Blob([stream]).stream(), schema: uiMessageChunkSchema });
  for await (const chunk of parsed) {
    chunk.success ? seen.chunks.push(chunk.value) : seen.wrong.push(String(chunk.error));
  }
  const onError = (error) => (seen.error = error.message);
  for await (const message of readUIMessageStream({ stream: ReadableStream.from(seen.chunks), onError })) {
    seen.message = structuredClone(message);
  }
  return seen;
}

tell(await Promise.all(given.streams.map(read)));
