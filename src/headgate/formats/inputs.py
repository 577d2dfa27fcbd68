"""How a request for vectors of each format is taken apart, for providers of another."""

from collections.abc import Callable, Mapping

from headgate.formats import gemini, openai_embeddings
from headgate.formats.embedding import EmbedCall, Inputs

INPUTS: Mapping[str, Callable[[EmbedCall], Inputs]] = {
    openai_embeddings.NAME: openai_embeddings.inputs,
    gemini.EMBED_NAME: gemini.embed_inputs,
}
