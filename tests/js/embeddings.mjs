// Vectors, as the SDKs of OpenAI and Google and the AI SDK's providers of both see them.
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { GoogleGenAI } from "@google/genai";
import { embed, embedMany } from "ai";
import OpenAI from "openai";
import { given, tell } from "./judge.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

const { url, model, texts } = given;
const apiKey = "any-key-will-do";

/** One text, and all of them. */
const both = async (asked) => [
  [(await embed({ model: asked, value: texts[0] })).embedding],
  (await embedMany({ model: asked, values: texts })).embeddings,
];

const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const listed = async (more) => {
  const answer = await openai.embeddings.create({ model, input: texts, ...more });
  return answer.data.map((each) => each.embedding);
};

const google = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: `${url}/genai` } });
const genai = await google.models.embedContent({ model, contents: texts });

tell({
  "openai by default": [await listed({})],
  "openai with numbers": [await listed({ encoding_format: "float" })],
  genai: [genai.embeddings.map((each) => each.values)],
  "@ai-sdk/openai": await both(createOpenAI({ baseURL: `${url}/v1`, apiKey }).textEmbeddingModel(model)),
  "@ai-sdk/openai-compatible": await both(
    createOpenAICompatible({ name: "headgate", baseURL: `${url}/v1`, apiKey }).textEmbeddingModel(model),
  ),
  "@ai-sdk/google": await both(createGoogleGenerativeAI({ baseURL: `${url}/genai/v1beta`, apiKey }).textEmbeddingModel(model)),
});
