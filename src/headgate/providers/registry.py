"""
The well-known services, one frozen row each; all but a few speak OpenAI's API.

A row holds what is told apart between services that are otherwise the same: the address, where
the key comes from, and what the service can do. Abilities are off unless the service's own
documentation says otherwise: an endpoint that is off is served by translating to one that is on,
one that is wrongly on fails.

To add a service, add a row. One that needs behaviour of its own needs a file of its own instead.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

Endpoint: TypeAlias = Literal[
    "chat",
    "completions",
    "responses",
    "embeddings",
    "speech",
    "transcriptions",
    "messages",
    "generate",
    "converse",
]

ENDPOINTS: frozenset[Endpoint] = frozenset(("chat", "completions", "responses", "embeddings"))
"""Those of OpenAI's API for texts."""

VOICES: frozenset[Endpoint] = frozenset(("speech", "transcriptions"))
"""Those for sounds."""

MESSAGES: frozenset[Endpoint] = frozenset(("messages",))
"""Anthropic's, which stands alone: such a service is asked in another way altogether."""

GENERATE: frozenset[Endpoint] = frozenset(("generate",))
"""Google's generateContent, which stands alone too."""

CONVERSE: frozenset[Endpoint] = frozenset(("converse",))
"""Amazon's, which does as well."""

_CHAT: frozenset[Endpoint] = frozenset(("chat",))
_CHAT_EMBEDDINGS: frozenset[Endpoint] = frozenset(("chat", "embeddings"))
_CHAT_COMPLETIONS_EMBEDDINGS: frozenset[Endpoint] = frozenset(("chat", "completions", "embeddings"))
_CHAT_RESPONSES: frozenset[Endpoint] = frozenset(("chat", "responses"))
_RESPONSES: frozenset[Endpoint] = frozenset(("responses",))
_TRANSCRIPTIONS: frozenset[Endpoint] = frozenset(("transcriptions",))


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service, as data."""

    name: str
    title: str
    """Its name as people write it."""
    base_url: str = ""
    """Everything before `/chat/completions`, `/messages` or `/models`; "" where each customer has one of their own."""
    key_variable: str = ""
    """The environment variable its users keep their key in; "" for servers that need none."""
    other_key_variable: str = ""
    """Another one that some of them keep it in; it counts where the first is not set."""
    is_key_shared: bool = False
    """The key opens other doors too, so its presence alone does not ask for this service."""
    url_variable: str = ""
    """The environment variable that holds another address; "" where there is no such custom."""
    url_path: str = ""
    """What the address in that variable lacks, where by custom it is only the server's."""
    regional_url: str = ""
    """Its address, where it has one in every `{region}` of Amazon's; requests without a key are signed then."""
    region_variables: tuple[str, ...] = ()
    """The environment variables that its users keep their region in; the first that is set counts."""
    version_variable: str = ""
    """The environment variable that holds the version of its API; "" where there is no such custom."""
    versioned_path: str = ""
    """What takes the place of `url_path` where that version is a date."""
    endpoints: frozenset[Endpoint] = _CHAT
    auth: Literal["bearer", "api-key", "x-api-key", "x-goog-api-key"] = "bearer"
    """Where the key goes: `authorization: Bearer KEY`, or a header of that name."""
    stream_usage: bool = True
    """Whether it takes `stream_options.include_usage`."""
    default_model: str = ""
    """What `default` means when this is the first service found; "" where nobody can know."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    dimensions_field: Literal["dimensions", "output_dimension"] = "dimensions"
    """What it calls the size of a vector."""
    voices: tuple[str, ...] = ()
    """The voices it has, where it does not list them."""
    prefixes: tuple[str, ...] = ()
    """How the model names begin that mean this service even when it is not named."""


COMPATIBLE = Service(name="openai", title="OpenAI-compatible", endpoints=_CHAT_EMBEDDINGS | VOICES)
"""
Some service at an address of the user's own: what most of them have in common.

Embeddings, speech and transcriptions are among it, though not all have them: nothing else could be asked in their
place.
"""

_OPENAI_VOICES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse"),
    *("marin", "cedar"),
)

_ROWS = (
    Service(
        name="openai",
        title="OpenAI",
        base_url="https://api.openai.com/v1",
        key_variable="OPENAI_API_KEY",
        url_variable="OPENAI_BASE_URL",
        endpoints=ENDPOINTS | VOICES,
        voices=_OPENAI_VOICES,
        default_model="gpt-6-luna",
        max_tokens_field="max_completion_tokens",
        prefixes=("gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-", "tts-", "whisper-"),
    ),
    # The default model is a name that each customer chose for a deployment.
    Service(
        name="azure",
        title="Azure OpenAI",
        key_variable="AZURE_OPENAI_API_KEY",
        url_variable="AZURE_OPENAI_ENDPOINT",
        url_path="/openai/v1",
        version_variable="OPENAI_API_VERSION",
        versioned_path="/openai",
        endpoints=ENDPOINTS | VOICES,
        voices=_OPENAI_VOICES,
        auth="api-key",
        max_tokens_field="max_completion_tokens",
    ),
    Service(
        name="anthropic",
        title="Anthropic",
        base_url="https://api.anthropic.com/v1",
        key_variable="ANTHROPIC_API_KEY",
        url_variable="ANTHROPIC_BASE_URL",
        url_path="/v1",
        endpoints=MESSAGES,
        auth="x-api-key",
        default_model="claude-haiku-5-5",
        prefixes=("claude-",),
    ),
    Service(
        name="gemini",
        title="Google Gemini",
        base_url="https://generativelanguage.googleapis.com/v1beta",
        key_variable="GEMINI_API_KEY",
        other_key_variable="GOOGLE_API_KEY",
        url_variable="GOOGLE_GEMINI_BASE_URL",
        url_path="/v1beta",
        endpoints=GENERATE,
        auth="x-goog-api-key",
        default_model="gemini-flash-latest",
        prefixes=("gemini-",),
    ),
    # Which models there are, and under which names, hangs on the region and on what was asked for there.
    Service(
        name="bedrock",
        title="AWS Bedrock",
        regional_url="https://bedrock-runtime.{region}.amazonaws.com",
        region_variables=("AWS_REGION", "AWS_DEFAULT_REGION"),
        key_variable="AWS_BEARER_TOKEN_BEDROCK",
        url_variable="AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
        endpoints=CONVERSE,
        prefixes=("arn:aws:bedrock:", "anthropic.", "amazon.", "us.", "eu.", "apac.", "global."),
    ),
    # It refuses requests with fields that it does not know, `stream_options` among them.
    Service(
        name="mistral",
        title="Mistral",
        base_url="https://api.mistral.ai/v1",
        key_variable="MISTRAL_API_KEY",
        endpoints=_CHAT_EMBEDDINGS | _TRANSCRIPTIONS,
        stream_usage=False,
        dimensions_field="output_dimension",
        default_model="mistral-small-latest",
        prefixes=("mistral-", "ministral-", "magistral-", "codestral-", "devstral-", "pixtral-", "voxtral-"),
    ),
    Service(
        name="groq",
        title="Groq",
        base_url="https://api.groq.com/openai/v1",
        key_variable="GROQ_API_KEY",
        url_variable="GROQ_BASE_URL",
        url_path="/openai/v1",
        endpoints=_CHAT_RESPONSES | VOICES,
        default_model="openai/gpt-oss-120b",
    ),
    Service(
        name="deepseek",
        title="DeepSeek",
        base_url="https://api.deepseek.com",
        key_variable="DEEPSEEK_API_KEY",
        endpoints=_CHAT_RESPONSES,
        default_model="deepseek-flash",
        prefixes=("deepseek-",),
    ),
    Service(
        name="xai",
        title="xAI",
        base_url="https://api.x.ai/v1",
        key_variable="XAI_API_KEY",
        endpoints=_CHAT_RESPONSES,
        default_model="grok-4.3",
        prefixes=("grok-",),
    ),
    # Its Responses API is a beta that "may have breaking changes", so it stays off.
    Service(
        name="openrouter",
        title="OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        key_variable="OPENROUTER_API_KEY",
        endpoints=_CHAT_COMPLETIONS_EMBEDDINGS,
        default_model="openrouter/auto",
    ),
    Service(
        name="together",
        title="Together AI",
        base_url="https://api.together.ai/v1",
        key_variable="TOGETHER_API_KEY",
        endpoints=_CHAT_COMPLETIONS_EMBEDDINGS | VOICES,
        default_model="openai/gpt-oss-20b",
    ),
    Service(
        name="fireworks",
        title="Fireworks AI",
        base_url="https://api.fireworks.ai/inference/v1",
        key_variable="FIREWORKS_API_KEY",
        endpoints=ENDPOINTS,
        default_model="accounts/fireworks/models/gpt-oss-120b",
        prefixes=("accounts/fireworks/",),
    ),
    Service(
        name="cerebras",
        title="Cerebras",
        base_url="https://api.cerebras.ai/v1",
        key_variable="CEREBRAS_API_KEY",
        default_model="gpt-oss-120b",
    ),
    Service(
        name="moonshot",
        title="Moonshot AI",
        base_url="https://api.moonshot.ai/v1",
        key_variable="MOONSHOT_API_KEY",
        default_model="kimi-k3",
        prefixes=("kimi-", "moonshot-"),
    ),
    # Chat completions ended on 27 September 2026:
    # https://docs.perplexity.ai/docs/agent-api/migrate-from-sonar/overview
    # Its embeddings are bytes and bits instead of numbers, which no client of OpenAI's expects.
    Service(
        name="perplexity",
        title="Perplexity",
        base_url="https://api.perplexity.ai/v1",
        key_variable="PERPLEXITY_API_KEY",
        endpoints=_RESPONSES,
        default_model="perplexity/sonar",
    ),
    Service(
        name="nebius",
        title="Nebius Token Factory",
        base_url="https://api.tokenfactory.nebius.com/v1",
        key_variable="NEBIUS_API_KEY",
        endpoints=_CHAT_EMBEDDINGS,
        default_model="Qwen/Qwen3-235B-A22B-Instruct-2507",
    ),
    # Embeddings are for servers of one's own only:
    # https://docs.sambanova.ai/docs/en/features/embeddings
    Service(
        name="sambanova",
        title="SambaNova",
        base_url="https://api.sambanova.ai/v1",
        key_variable="SAMBANOVA_API_KEY",
        default_model="gpt-oss-120b",
    ),
    Service(
        name="deepinfra",
        title="DeepInfra",
        base_url="https://api.deepinfra.com/v1/openai",
        key_variable="DEEPINFRA_API_KEY",
        endpoints=_CHAT_COMPLETIONS_EMBEDDINGS | VOICES,
    ),
    Service(
        name="nvidia",
        title="NVIDIA NIM",
        base_url="https://integrate.api.nvidia.com/v1",
        key_variable="NVIDIA_API_KEY",
        endpoints=_CHAT_EMBEDDINGS,
    ),
    # Most people have this token for downloads and uploads.
    Service(
        name="huggingface",
        title="Hugging Face",
        base_url="https://router.huggingface.co/v1",
        key_variable="HF_TOKEN",
        is_key_shared=True,
        default_model="openai/gpt-oss-120b",
    ),
    Service(
        name="ollama",
        title="Ollama",
        base_url="http://127.0.0.1:11434/v1",
        url_variable="OLLAMA_HOST",
        url_path="/v1",
        endpoints=ENDPOINTS,
    ),
    Service(
        name="vllm",
        title="vLLM",
        base_url="http://127.0.0.1:8000/v1",
        url_variable="VLLM_BASE_URL",
        url_path="/v1",
        endpoints=ENDPOINTS | _TRANSCRIPTIONS,
    ),
    Service(
        name="llamacpp",
        title="llama.cpp",
        base_url="http://127.0.0.1:8080/v1",
        url_variable="LLAMACPP_BASE_URL",
        url_path="/v1",
        endpoints=_CHAT_COMPLETIONS_EMBEDDINGS,
    ),
    Service(
        name="lmstudio",
        title="LM Studio",
        base_url="http://127.0.0.1:1234/v1",
        url_variable="LMSTUDIO_BASE_URL",
        url_path="/v1",
        endpoints=ENDPOINTS,
    ),
)

SERVICES: Mapping[str, Service] = {row.name: row for row in _ROWS}
"""Every row by its name, in the order in which they are found."""

_ANY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}
"""OLLAMA_HOST also tells Ollama where to listen; on all addresses means, to us, on this machine."""


def address(service: Service, text: str, path: str | None = None) -> str:
    """
    The base URL that the service's address variable means; `path` takes the place of the service's own.

    Takes what people put there: a URL with or without the path of the API, or only `host` or
    `host:port`, which get the scheme and port of the service's own address. Raises ValueError.
    """
    own = urlsplit(service.base_url or "https://")
    text = text.strip()
    is_bare = "://" not in text
    given = urlsplit(f"{own.scheme}://{text}" if is_bare else text)
    host = given.hostname or ""
    host = _ANY_ADDRESS.get(host, f"[{host}]" if ":" in host else host)
    port = given.port or (own.port if is_bare else None)
    said = given.path.rstrip("/")
    wanted = service.url_path if path is None else path
    said += wanted.removeprefix(_begun(said, wanted))
    userinfo, at, _ = given.netloc.rpartition("@")
    query = f"?{given.query}" if given.query else ""
    return f"{given.scheme}://{userinfo}{at}{host}{f':{port}' if port else ''}{said}{query}"


def _begun(said: str, wanted: str) -> str:
    """How much of the wanted path stands at the end of what was said already, in whole steps."""
    steps = wanted.split("/")
    starts = ("/".join(steps[:count]) for count in range(len(steps), 1, -1))
    return next((start for start in starts if said.endswith(start)), "")


def key_variable(service: Service, environ: Mapping[str, str]) -> str:
    """The variable that holds its key; "" where none does."""
    variables = (service.key_variable, service.other_key_variable)
    return next((variable for variable in variables if environ.get(variable)), "")


def region(service: Service, environ: Mapping[str, str]) -> str:
    """The region that the environment names; "" where it names none."""
    return next((environ[variable] for variable in service.region_variables if environ.get(variable)), "")


def is_wanted(service: Service, environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for this service: by its key, or by its address where it needs no key."""
    has_key, has_address = bool(key_variable(service, environ)), bool(environ.get(service.url_variable))
    if service.regional_url:
        # The credentials that requests are signed with open many other doors, so they ask for nothing.
        return (has_key or has_address) and bool(region(service, environ))
    if not service.key_variable:
        return has_address
    return has_key and not service.is_key_shared and (has_address or bool(service.base_url))
