// The vendors' own SDKs for Node.js, and the AI SDK's providers, as clients of all golden files of tests/pairs.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { given, tell } from "./judge.mjs";

const KEY = "any-key-will-do";
const HELLO = [{ role: "user", content: "Hello" }];

/** What is played now: an answer as it comes from the socket. */
let now;

async function play() {
  const { status, body, streamed, cuts } = now;
  const kind = streamed && status === 200 ? "text/event-stream" : "application/json";
  let at = 0;
  const pieces = new ReadableStream({
    pull(controller) {
      // Cut where nobody expects it.
      if (at < body.length) return controller.enqueue(body.subarray(at, (at += 97)));
      cuts ? controller.error(new TypeError("terminated")) : controller.close();
    },
  });
  return new Response(pieces, { status, headers: { "content-type": kind } });
}

// Google's has no other way in.
globalThis.fetch = play;

const openai = new OpenAI({ apiKey: KEY, baseURL: "http://headgate/v1", maxRetries: 0, fetch: play });
const anthropic = new Anthropic({ apiKey: KEY, baseURL: "http://headgate/anthropic", maxRetries: 0, fetch: play });
const google = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: "http://headgate/genai" } });

const NOTHING = { texts: [], thoughts: "", refusal: "", calls: [], ends: [], used: null, broke: null };

function broken(error) {
  // Each has its own place for what the server said.
  const [json] = /\{.*\}$/s.exec(error.message) ?? [];
  const body = json ? JSON.parse(json) : (error.data ?? error.error ?? error);
  return (body.error ?? body).message ?? error.message;
}

/** What was heard until an error, and the error. */
async function heard(listen) {
  const said = structuredClone(NOTHING);
  try {
    await listen(said);
  } catch (error) {
    said.broke = broken(error);
  }
  return said;
}

const used = (input, output, cached, reasoning) => [input, output, cached ?? 0, reasoning ?? 0];

const CHAT_ENDS = { stop: "stop", length: "length", tool_calls: "calls", content_filter: "filter" };

function chatChoices(said, choices) {
  said.texts = choices.map(({ message }) => message.content ?? "");
  const [{ message }] = choices;
  said.refusal = message.refusal ?? "";
  said.calls = (message.tool_calls ?? []).map(({ id, function: of }) => [id, of.name, JSON.parse(of.arguments)]);
  said.ends = choices.map((choice) => CHAT_ENDS[choice.finish_reason]);
}

function chatUsed(said, usage) {
  const { prompt_tokens_details: inputs, completion_tokens_details: outputs } = usage;
  said.used = used(usage.prompt_tokens, usage.completion_tokens, inputs?.cached_tokens, outputs?.reasoning_tokens);
}

function response(said, answer) {
  const parts = answer.output.filter((item) => item.type === "message").flatMap((item) => item.content);
  said.texts = [parts.map((part) => part.text ?? "").join("")];
  said.refusal = parts.map((part) => part.refusal ?? "").join("");
  const thoughts = answer.output.filter((item) => item.type === "reasoning");
  said.thoughts = thoughts.flatMap((item) => [...item.summary, ...(item.content ?? [])]).map((part) => part.text).join("");
  const calls = answer.output.filter((item) => item.type === "function_call");
  said.calls = calls.map((item) => [item.call_id, item.name, JSON.parse(item.arguments)]);
  const why = { max_output_tokens: "length", content_filter: "filter" }[answer.incomplete_details?.reason] ?? "stop";
  said.ends = [calls.length && why === "stop" ? "calls" : why];
  const { usage } = answer;
  const { input_tokens_details: inputs, output_tokens_details: outputs } = usage;
  said.used = used(usage.input_tokens, usage.output_tokens, inputs.cached_tokens, outputs.reasoning_tokens);
}

const CLAUDE_ENDS = { end_turn: "stop", stop_sequence: "sequence", max_tokens: "length", tool_use: "calls", refusal: "filter" };

function message(said, { content, stop_reason, usage }) {
  said.texts = [content.map((block) => block.text ?? "").join("")];
  said.thoughts = content.map((block) => block.thinking ?? "").join("");
  said.calls = content.filter((block) => block.type === "tool_use").map(({ id, name, input }) => [id, name, input]);
  if (!stop_reason) return;
  said.ends = [CLAUDE_ENDS[stop_reason]];
  const read = usage.cache_read_input_tokens ?? 0;
  const input = usage.input_tokens + read + (usage.cache_creation_input_tokens ?? 0);
  said.used = used(input, usage.output_tokens, read, usage.output_tokens_details?.thinking_tokens);
}

const GOOGLE_ENDS = { STOP: "stop", MAX_TOKENS: "length", SAFETY: "filter" };

function generated(said, chunk) {
  if (chunk.promptFeedback?.blockReason) said.ends[0] = "filter";
  for (const { index = 0, content, finishReason } of chunk.candidates ?? []) {
    said.texts[index] ??= "";
    for (const { text = "", thought, functionCall } of content?.parts ?? []) {
      if (functionCall) said.calls.push([functionCall.id ?? "", functionCall.name, functionCall.args]);
      else if (thought) said.thoughts += text;
      else said.texts[index] += text;
    }
    if (finishReason) said.ends[index] = said.calls.length && finishReason === "STOP" ? "calls" : GOOGLE_ENDS[finishReason];
  }
  const usage = chunk.usageMetadata;
  if (!usage) return;
  const thought = usage.thoughtsTokenCount ?? 0;
  const output = (usage.candidatesTokenCount ?? 0) + thought;
  said.used = used(usage.promptTokenCount, output, usage.cachedContentTokenCount, thought);
}

const AI_ENDS = { stop: "stop", length: "length", "tool-calls": "calls", "content-filter": "filter" };

function aiEnd(said, { finishReason, usage }) {
  said.ends = [AI_ENDS[finishReason.unified] ?? finishReason.unified];
  const { inputTokens: input, outputTokens: output } = usage;
  said.used = used(input.total ?? 0, output.total ?? 0, input.cacheRead, output.reasoning);
}

function aiPart(said, part) {
  if (part.type === "text") said.texts[0] += part.text;
  if (part.type === "reasoning") said.thoughts += part.text;
  if (part.type === "tool-call") said.calls.push([part.toolCallId, part.toolName, JSON.parse(part.input)]);
}

/** One of the AI SDK's providers, by the interface that all of the AI SDK stands on. */
function ai(model) {
  const asked = { prompt: [{ role: "user", content: [{ type: "text", text: "Hello" }] }] };
  return {
    streamed: (said) => aiStream(said, model, asked),
    async whole(said) {
      const answer = await model.doGenerate(asked);
      said.texts = [""];
      for (const part of answer.content) aiPart(said, part);
      aiEnd(said, answer);
    },
  };
}

async function aiStream(said, model, asked) {
  const { stream } = await model.doStream(asked);
  said.texts = [""];
  for await (const part of stream) {
    if (part.type === "text-delta") said.texts[0] += part.delta;
    if (part.type === "reasoning-delta") said.thoughts += part.delta;
    if (part.type === "tool-call") aiPart(said, part);
    if (part.type === "error" && !said.broke) said.broke = broken(part.error);
    if (part.type === "finish" && !said.broke) aiEnd(said, part);
  }
}

const options = { apiKey: KEY, fetch: play };
const aiOpenai = createOpenAI({ ...options, baseURL: "http://headgate/v1" });
const compatible = createOpenAICompatible({ ...options, baseURL: "http://headgate/v1", name: "headgate", includeUsage: true });

/** Who judges what: for each dialect, by name, how its streams and its whole answers are listened to. */
const JUDGES = {
  chat: {
    openai: {
      async streamed(said) {
        const runner = openai.chat.completions.stream({ model: "m", messages: HELLO });
        runner.on("chunk", (chunk) => {
          for (const { index, delta } of chunk.choices) {
            said.texts[index] = (said.texts[index] ?? "") + (delta.content ?? "");
            if (index === 0) said.thoughts += delta.reasoning_content ?? "";
          }
          if (chunk.usage) chatUsed(said, chunk.usage);
        });
        chatChoices(said, (await runner.finalChatCompletion()).choices);
      },
      async whole(said) {
        const answer = await openai.chat.completions.create({ model: "m", messages: HELLO });
        chatChoices(said, answer.choices);
        said.thoughts = answer.choices[0].message.reasoning_content ?? "";
        chatUsed(said, answer.usage);
      },
    },
    "ai-sdk openai": ai(aiOpenai.chat("m")),
    "ai-sdk openai-compatible": ai(compatible("m")),
  },
  responses: {
    openai: {
      async streamed(said) {
        const stream = openai.responses.stream({ model: "m", input: "Hello" });
        said.texts = [""];
        stream.on("response.output_text.delta", ({ delta }) => (said.texts[0] += delta));
        response(said, await stream.finalResponse());
      },
      async whole(said) {
        response(said, await openai.responses.create({ model: "m", input: "Hello" }));
      },
    },
    "ai-sdk openai": ai(aiOpenai.responses("m")),
  },
  anthropic: {
    anthropic: {
      async streamed(said) {
        const stream = anthropic.messages.stream({ model: "m", max_tokens: 9, messages: HELLO });
        try {
          message(said, await stream.finalMessage());
        } catch (error) {
          if (stream.currentMessage) message(said, stream.currentMessage);
          throw error;
        }
      },
      async whole(said) {
        message(said, await anthropic.messages.create({ model: "m", max_tokens: 9, messages: HELLO }));
      },
    },
    "ai-sdk anthropic": ai(createAnthropic({ ...options, baseURL: "http://headgate/anthropic/v1" })("m")),
  },
  gemini: {
    google: {
      async streamed(said) {
        for await (const chunk of await google.models.generateContentStream({ model: "m", contents: "Hello" })) {
          generated(said, chunk);
        }
      },
      async whole(said) {
        generated(said, await google.models.generateContent({ model: "m", contents: "Hello" }));
      },
    },
    "ai-sdk google": ai(createGoogleGenerativeAI({ ...options, baseURL: "http://headgate/genai/v1beta" })("m")),
  },
};
JUDGES.offload = JUDGES.chat;

/** The sections of a golden file. */
function* sections(file) {
  const [, ...found] = readFileSync(file, "latin1").split(/^==== (\w+)\n/m);
  for (let at = 0; at < found.length; at += 2) yield [found[at], found[at + 1].slice(0, -1)];
}

function playing(section, streamed, cuts) {
  const refused = /^HTTP (\d+)\n/.exec(section);
  const body = Buffer.from(refused ? section.slice(refused[0].length) : section, "latin1");
  const breaks = !refused && section.includes('"error":{');
  return { status: refused ? Number(refused[1]) : 200, body, streamed, cuts: streamed && cuts && breaks };
}

const seen = [];
for (const scenario of readdirSync(given.folder)) {
  for (const [row, judges] of Object.entries(JUDGES)) {
    for (const form of ["streamed", "whole"]) {
      const file = `${row}.${form}`;
      if (!readdirSync(join(given.folder, scenario)).includes(file)) continue;
      for (const [column, section] of sections(join(given.folder, scenario, file))) {
        for (const [sdk, judge] of Object.entries(judges)) {
          now = playing(section, form === "streamed", given.cuts.includes(row));
          seen.push({ scenario, row, form, column, sdk, said: await heard(judge[form]) });
        }
      }
    }
  }
}
tell(seen);
