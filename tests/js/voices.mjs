// The official SDK on voices: a speech whole and as events, a transcription whole and as events.
import OpenAI, { toFile } from "openai";
import { Stream } from "openai/streaming";
import { given, tell } from "./judge.mjs";

const client = new OpenAI({ baseURL: given.url + "/v1", apiKey: "any-key-will-do", maxRetries: 0 });
const speech = { model: given.voice ?? "up/tts", input: "Hello", voice: "alloy", ...given.asked };
const recording = () => toFile(Buffer.concat([Buffer.from("RIFF$\0\0\0WAVEfmt "), Buffer.alloc(1000)]), "a.wav");
const model = given.ears ?? "up/stt";

const plays = {
  async speech() {
    const spoken = await client.audio.speech.create(speech);
    return { size: (await spoken.arrayBuffer()).byteLength, type: spoken.headers.get("content-type") };
  },

  /** It has no iterator of its own for these; its streams read them all the same. */
  async spoken_events() {
    const response = await client.audio.speech.create({ ...speech, stream_format: "sse" });
    let size = 0;
    let last;
    for await (const event of Stream.fromSSEResponse(response, new AbortController())) {
      size += Buffer.from(event.audio ?? "", "base64").length;
      last = event.type;
    }
    return { size, last };
  },

  async transcription() {
    return await client.audio.transcriptions.create({ model, file: await recording() });
  },

  async transcription_events() {
    const deltas = [];
    let text;
    for await (const event of await client.audio.transcriptions.create({ model, file: await recording(), stream: true })) {
      if (event.type === "transcript.text.delta") deltas.push(event.delta);
      else text = event.text;
    }
    return { deltas, text };
  },
};

tell(await plays[given.play]());
