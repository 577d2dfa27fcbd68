"""
A language model that says what we want, made of two tables.

From a token alone it can be told which one comes next: its embedding is one place in a row of zeros, and
the output table says from each place where to go. Attention and all the rest are zeros, and what is added
to the embedding is nothing. However it is sampled, the answer is the same.
"""

from array import array
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tests.upstreams import gguf

SPEECH = ("A", " tiny", " model", " with", " a", " table", " for", " mind", " is", " ", "ü", "ber", "你", "🎈", ".")
"""What it says to anybody."""
THOUGHT = ("Who", " asks", ",", " and", " why", "?")
AFTER_THOUGHT = ("I", " do", " not", " know", "!")
"""What it says when it is asked to think."""
ROUND = (" round", " it", " goes")
"""What it says for ever when it is asked to."""
TOOL, ARGUMENTS = "get_weather", {"city": "Paris"}
CALL = (
    *("<tool_call>", "\n", '{"name": "', "get", "_weather", '", "arguments": {"', "city", '": "', "Paris", '"}}'),
    *("\n</tool", "_call>"),
)
"""What it says when it may use a tool."""

_SAY, _LOOP, _END = "<|say|>", "<|loop|>", "<|end|>"
_BEGINNINGS = {_SAY: SPEECH, "<|ponder|>": ("<think>", *THOUGHT, "</think>", *AFTER_THOUGHT), "<|use|>": CALL}
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
_PLACES, _HEADS, _WIDTH = 128, 2, 32
"""Places for tokens in a row; what attention and the layer after it need is as little as there can be."""
_SURE = 10.0
"""What the right token gets; normalisation makes eleven times that of it, so that no other has a chance."""

TEMPLATE = """\
{%- if tools %}<|tools|>{{ tools | tojson }}{% endif -%}
{%- for message in messages -%}
<|{{ message.role }}|>
{%- if message.reasoning_content %}<think>{{ message.reasoning_content }}</think>{% endif -%}
{{ message.content or '' }}
{%- for call in message.tool_calls or [] -%}
<tool_call>
{"name": {{ call.function.name | tojson }}, "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor -%}
<|end|>
{%- endfor -%}
{%- if add_generation_prompt -%}
{%- if 'for ever' in (messages[-1].content or '') -%}<|loop|>
{%- elif 'think' in (messages[-1].content or '') -%}<|ponder|>
{%- elif tools and messages[-1].role != 'tool' -%}<|use|>
{%- else -%}<|say|>{%- endif -%}
{%- endif -%}
"""


class _Tokens:
    """What it knows to say, and what follows what."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.kinds: list[int] = []
        self.next: dict[int, int] = {}
        self.places: dict[int, int] = {}
        """Where a token is that something follows; all others are at 0."""
        self.unknown = self._add("<unk>", _UNKNOWN)
        self.end = self._add(_END, _CONTROL)
        self._bytes = [self._add(f"<0x{byte:02X}>", _BYTE) for byte in range(256)]
        for beginning, pieces in _BEGINNINGS.items():
            self._follow([self._add(beginning, _CONTROL), *self._speech(pieces), self.end])
        ring = self._speech(ROUND)
        self._follow([self._add(_LOOP, _CONTROL), *ring, ring[0]])

    def _add(self, text: str, kind: int = _NORMAL) -> int:
        assert text not in self.texts, f"{text!r} is there twice"
        self.texts.append(text)
        self.kinds.append(kind)
        return len(self.texts) - 1

    def _speech(self, pieces: Sequence[str]) -> list[int]:
        """Tokens for these pieces; what is not ASCII becomes its bytes, each of them a token."""
        found = []
        for piece in pieces:
            if piece.isascii():
                found.append(self._add(piece.replace(" ", "▁")))
            else:
                found += [self._bytes[byte] for byte in piece.encode()]
        return found

    def _follow(self, tokens: Sequence[int]) -> None:
        for token, after in pairwise(tokens):
            assert token not in self.next, f"{self.texts[token]!r} cannot be followed by two"
            self.next[token] = after
            self.places[token] = len(self.places) + 1


def make(path: Path) -> None:
    """Write it."""
    tokens = _Tokens()
    count = len(tokens.texts)
    places = [(token, tokens.places.get(token, 0)) for token in range(count)]
    # After what it does not know, it says what it says to anybody.
    ways = [
        (tokens.next[tokens.texts.index(_SAY)], 0),
        *((tokens.next[token], place) for token, place in places if place),
    ]
    gguf.write(
        path,
        _facts(tokens),
        {
            "token_embd.weight": _table(_PLACES, count, places, 1.0),
            "output.weight": _table(_PLACES, count, ways, _SURE),
            **{f"{name}.weight": _ones() for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm")},
            **{f"blk.0.attn_{name}.weight": _table(_PLACES, _PLACES) for name in ("q", "k", "v", "output")},
            **{f"blk.0.ffn_{name}.weight": _table(_PLACES, _WIDTH) for name in ("gate", "up")},
            "blk.0.ffn_down.weight": _table(_WIDTH, _PLACES),
        },
    )


def _table(width: int, height: int, marks: Sequence[tuple[int, int]] = (), number: float = 0.0) -> gguf.Table:
    """Zeros, but for one number wherever there is a mark: at its row, and its place in that."""
    numbers = array("f", bytes(4 * width * height))
    for row, place in marks:
        numbers[row * width + place] = number
    return gguf.Table((width, height), numbers)


def _ones() -> gguf.Table:
    return gguf.Table((_PLACES,), array("f", [1.0] * _PLACES))


def _facts(tokens: _Tokens) -> dict[str, gguf.Value]:
    return {
        "general.architecture": "llama",
        "general.name": "tiny",
        "general.alignment": 32,
        "llama.context_length": 1 << 24,
        "llama.embedding_length": _PLACES,
        "llama.block_count": 1,
        "llama.feed_forward_length": _WIDTH,
        "llama.attention.head_count": _HEADS,
        "llama.attention.head_count_kv": _HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": _PLACES // _HEADS,
        "llama.vocab_size": len(tokens.texts),
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens.texts,
        "tokenizer.ggml.scores": [0.0] * len(tokens.texts),
        "tokenizer.ggml.token_type": tokens.kinds,
        "tokenizer.ggml.unknown_token_id": tokens.unknown,
        "tokenizer.ggml.eos_token_id": tokens.end,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.add_eos_token": False,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.chat_template": TEMPLATE,
    }
