// Against a running server: the SDKs of Anthropic and Google, and the AI SDK with each of its providers.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { generateObject, generateText, jsonSchema, stepCountIs, streamObject, streamText, tool } from "ai";
import { given, tell } from "./judge.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

const { url, model } = given;
const KEY = "any-key-will-do";

/** A fetch that adds a script for the simulator to every request. */
const playing = (said) => (address, asked) => {
  const body = JSON.stringify({ ...JSON.parse(asked.body), simulator: { gap_ms: 0, ...said } });
  return fetch(address, { ...asked, body });
};

const SCHEMA = {
  type: "object",
  properties: { harbour: { type: "string" }, metres: { type: "number" } },
  required: ["harbour", "metres"],
  additionalProperties: false,
};
const TIDE = { type: "object", properties: { harbour: { type: "string" } }, required: ["harbour"] };
const DESCRIPTION = "The next high tide.";

const failure = (error) => ({ name: error.constructor.name, status: error.status ?? error.statusCode, message: error.message });

const anthropic = (said) =>
  new Anthropic({ apiKey: KEY, baseURL: `${url}/anthropic`, maxRetries: 0, fetch: playing(said) });

const asked = { model, max_tokens: 1000, messages: [{ role: "user", content: "Hello" }] };

/** Anthropic's SDK. */
const claude = {
  async text(said) {
    const stream = anthropic(said).messages.stream(asked);
    const pieces = [];
    stream.on("text", (text) => pieces.push(text));
    const { content, stop_reason, usage } = await stream.finalMessage();
    return { pieces, content, stop_reason, usage };
  },
  async tools(said) {
    const tools = [{ name: "get_tide", description: DESCRIPTION, input_schema: TIDE }];
    const streamed = await anthropic(said).messages.stream({ ...asked, tools }).finalMessage();
    const whole = await anthropic(said).messages.create({ ...asked, tools });
    return { streamed: streamed.content, whole: whole.content, stop_reason: whole.stop_reason };
  },
  async error(said) {
    return failure(await anthropic(said).messages.create(asked).catch((error) => error));
  },
  async breaks(said) {
    const pieces = [];
    try {
      for await (const event of await anthropic(said).messages.create({ ...asked, stream: true })) {
        if (event.type === "content_block_delta") pieces.push(event.delta.text);
      }
    } catch (error) {
      return { pieces, ...failure(error) };
    }
  },
  async abort(said) {
    const pieces = [];
    const stream = await anthropic(said).messages.create({ ...asked, stream: true });
    for await (const event of stream) {
      if (event.type === "content_block_delta" && pieces.push(event.delta.text) === 3) break; // Which hangs up.
    }
    return pieces.length;
  },
  async count() {
    return anthropic({}).messages.countTokens({ model, messages: asked.messages });
  },
};

const google = (said) =>
  new GoogleGenAI({
    apiKey: KEY,
    httpOptions: { baseUrl: `${url}/genai`, extraBody: { simulator: { gap_ms: 0, ...said } } },
  }).models;

const generate = { model, contents: "Hello" };
const parts = (chunk) => chunk.candidates?.[0]?.content?.parts ?? [];

/** Google's. */
const gemini = {
  async text(said) {
    const chunks = [];
    for await (const chunk of await google(said).generateContentStream(generate)) chunks.push(chunk);
    const pieces = chunks.map((chunk) => chunk.text).filter(Boolean);
    const { candidates, usageMetadata } = chunks.at(-1);
    return { pieces, finish: candidates[0].finishReason, usage: usageMetadata };
  },
  async tools(said) {
    const declared = { name: "get_tide", description: DESCRIPTION, parametersJsonSchema: TIDE };
    const config = { tools: [{ functionDeclarations: [declared] }] };
    const streamed = [];
    for await (const chunk of await google(said).generateContentStream({ ...generate, config })) {
      streamed.push(...parts(chunk).filter((part) => part.functionCall));
    }
    const whole = await google(said).generateContent({ ...generate, config });
    return { streamed: streamed.map((part) => part.functionCall), whole: whole.functionCalls };
  },
  async error(said) {
    return failure(await google(said).generateContent(generate).catch((error) => error));
  },
  async breaks(said) {
    const pieces = [];
    try {
      for await (const chunk of await google(said).generateContentStream(generate)) pieces.push(chunk.text);
    } catch (error) {
      return { pieces, ...failure(error) };
    }
  },
  async abort(said) {
    const left = new AbortController();
    let count = 0;
    const config = { abortSignal: left.signal };
    try {
      for await (const _ of await google(said).generateContentStream({ ...generate, config })) {
        if (++count === 3) left.abort();
      }
    } catch (error) {
      return { count, name: error.name };
    }
    return { count };
  },
  async count() {
    return google({}).countTokens(generate);
  },
  async object() {
    const config = { responseMimeType: "application/json", responseJsonSchema: SCHEMA };
    return JSON.parse((await google({}).generateContent({ ...generate, config })).text);
  },
};

/** The AI SDK's providers, each with a script. */
const PROVIDERS = {
  "openai chat": (options, model) => createOpenAI({ ...options, baseURL: `${url}/v1` }).chat(model),
  "openai responses": (options, model) => createOpenAI({ ...options, baseURL: `${url}/v1` }).responses(model),
  compatible(options, model) {
    const more = { name: "headgate", includeUsage: true, supportsStructuredOutputs: true };
    return createOpenAICompatible({ ...options, ...more, baseURL: `${url}/v1` })(model);
  },
  anthropic: (options, model) => createAnthropic({ ...options, baseURL: `${url}/anthropic/v1` })(model),
  google: (options, model) => createGoogleGenerativeAI({ ...options, baseURL: `${url}/genai/v1beta` })(model),
};

/** What the AI SDK does with one of them. */
function ai(name) {
  const asked = (said, id = model) => ({
    model: PROVIDERS[name]({ apiKey: KEY, fetch: playing(said) }, id),
    prompt: "Hello",
    maxRetries: 0,
    onError() {},
  });
  const tide = tool({ description: DESCRIPTION, inputSchema: jsonSchema(TIDE) });
  return {
    async text(said) {
      const { textStream, text, reasoningText, finishReason, usage } = streamText(asked(said));
      const pieces = [];
      for await (const piece of textStream) pieces.push(piece);
      return { pieces, text: await text, reasoning: await reasoningText, finish: await finishReason, usage: await usage };
    },
    async tools(said) {
      const tools = { get_tide: tide };
      const streamed = await streamText({ ...asked(said), tools }).toolCalls;
      const { toolCalls, finishReason } = await generateText({ ...asked(said), tools });
      const told = ({ toolName, input }) => [toolName, input];
      return { streamed: streamed.map(told), whole: toolCalls.map(told), finish: finishReason };
    },
    /** Two steps: the tool is called, answers, and the model goes on. */
    async loop() {
      const tools = { get_tide: tool({ ...tide, execute: async ({ harbour }) => `06:12 at ${harbour}` }) };
      const loop = { ...asked({}, given.caller), tools, stopWhen: stepCountIs(3) };
      const { steps, text } = await generateText(loop);
      return { steps: steps.map((step) => step.finishReason), text };
    },
    async error(said) {
      return failure(await generateText(asked(said)).catch((error) => error));
    },
    async breaks(said) {
      const pieces = [];
      const errors = [];
      try {
        for await (const part of streamText(asked(said)).fullStream) {
          if (part.type === "text-delta") pieces.push(part.text);
          if (part.type === "error") errors.push(part.error);
        }
      } catch (error) {
        errors.push(error);
      }
      return { pieces, errors: errors.map((error) => error.message ?? error.error?.message ?? error) };
    },
    async abort(said) {
      const left = new AbortController();
      let count = 0;
      for await (const part of streamText({ ...asked(said), abortSignal: left.signal }).fullStream) {
        if (part.type === "text-delta" && ++count === 3) left.abort();
      }
      return count;
    },
    async object() {
      const wanted = { ...asked({}), schema: jsonSchema(SCHEMA) };
      const streamed = streamObject(wanted);
      let last;
      for await (const partial of streamed.partialObjectStream) last = partial;
      return { whole: (await generateObject(wanted)).object, streamed: await streamed.object, last };
    },
  };
}

const CLIENTS = { claude, gemini };
for (const name of Object.keys(PROVIDERS)) CLIENTS[name] = ai(name);

const seen = {};
for (const [key, client, play, said] of given.plays) {
  seen[key] = await CLIENTS[client][play](said).catch((error) => ({ failed: error.stack }));
}
tell(seen);
