"""
A provider that is asked by AWS Bedrock's Converse.

Requests bear an API key of Bedrock's, or are signed with the credentials of this machine. Streams are binary
frames, and errors say in a header what they are.
"""

from collections.abc import Mapping, Sequence

import msgspec
from typing_extensions import override

from headgate.calls import Call
from headgate.errors import ProviderError
from headgate.formats import bedrock
from headgate.formats.base import Origin
from headgate.formats.prompts import PROMPTS
from headgate.net import Client, Flow, Target
from headgate.providers.answer import Answer, Readers
from headgate.providers.aws import Signer
from headgate.providers.base import Ask, Emit
from headgate.providers.paths import segment
from headgate.providers.service import Service
from headgate.providers.short import Asker

MAX_TARGETS = 1000
"""Caps the models whose addresses we remember; clients choose their names."""

_READERS: Readers = (bedrock.Reader, bedrock.read_whole)

_NOT_COUNTED = frozenset({400, 403, 404})
"""How it is said that a model's tokens are not counted, or not for everybody."""

_ERROR_TYPE = "x-amzn-errortype"


class BedrockProvider:
    """One such provider."""

    def __init__(self, service: Service, client: Client, signer: Signer | None) -> None:
        """With a `signer` requests are signed, unless their caller brings a key."""
        self.name = service.name
        self.limits = service.limits
        self._service, self._client, self._signer = service, client, signer
        self._base = service.base_url.rstrip("/")
        # What is not about models' answers is asked of the server beside.
        self.control_url = self._base.replace("://bedrock-runtime", "://bedrock", 1)
        common = {"content-type": "application/json", "user-agent": "headgate"}
        self._headers = {**common, **service.headers}
        self._keyless = {**common, **service.keyless_headers()}
        self._targets: dict[tuple[str, str, bool], _Place] = {}

    async def run(self, ask: Ask, emit: Emit) -> None:
        """Ask, and emit what comes."""
        body = bedrock.request(PROMPTS[ask.call.format](ask.call), ask.model)
        if not ask.call.stream:
            await self._ask("converse", body, ask, emit)
            return
        try:
            await self._ask("converse-stream", body, ask, emit)
        except ProviderError as error:
            if not bedrock.is_streamless(error):
                raise
            await self._ask("converse", body, ask, emit)

    async def _ask(self, method: str, body: bytes, ask: Ask, emit: Emit) -> None:
        origin = Origin(ask.run, self.name, ask.model, ask.created, ask.call.choices)
        place = self._place(method, ask.model, has_key=ask.key == "")
        headers = await self._authority(place, body, ask.key)
        answer = _Answer(_READERS, origin, ask, emit, self._secrets(ask.key))
        try:
            await answer.fetch(self._client, place.target, body, headers)
        except ProviderError as error:
            if error.code in bedrock.STALE and self._signer is not None:
                self._signer.forget()
            raise

    async def count(self, call: Call, model: str, key: str) -> int | None:
        """How many tokens a request has, as Amazon counts them; None where it does not count that model's."""
        name = bedrock.counted_as(model)
        if name is None:
            return None
        body = bedrock.count_request(PROMPTS[call.format](call), model)
        place = self._place("count-tokens", name, has_key=key == "")
        try:
            answer = await self._asker(key).ask(place.target, body, await self._authority(place, body, key))
            return msgspec.json.decode(answer, type=_Count).inputTokens
        except msgspec.DecodeError:
            raise ProviderError(
                f"{self.name} sent something that is no count of tokens.", code="upstream_invalid"
            ) from None
        except ProviderError as error:
            if error.status not in _NOT_COUNTED:
                raise
            return None

    async def models(self) -> Sequence[str]:
        """Those that answer on demand, under their own names and those of the profiles that many of them need."""
        if self._service.models:
            return self._service.models
        listed = await self._listing("/foundation-models?byInferenceType=ON_DEMAND&byOutputModality=TEXT")
        names = [model.modelId for model in listed.modelSummaries if model.is_active]
        try:
            listed = await self._listing("/inference-profiles?maxResults=1000")
        except ProviderError:
            # Not everybody may see them.
            return names
        return [*names, *(profile.inferenceProfileId for profile in listed.inferenceProfileSummaries)]

    async def close(self) -> None:
        """Nothing to let go of: connections belong to the client."""

    async def _listing(self, path: str) -> "_Listing":
        place = _Place("GET", self.control_url + path, self._headers)
        body = await self._asker("").ask(place.target, b"", await self._authority(place, b"", ""))
        try:
            return msgspec.json.decode(body, type=_Listing)
        except msgspec.DecodeError:
            raise ProviderError(
                f"{self.name} sent something that is no list of models.", code="upstream_invalid"
            ) from None

    def _asker(self, key: str) -> Asker:
        return Asker(client=self._client, provider=self.name, connect=self.limits.connect, secrets=self._secrets(key))

    def _place(self, method: str, model: str, *, has_key: bool) -> "_Place":
        known = self._targets.get((method, model, has_key))
        if known is not None:
            return known
        # Colons and slashes too, as the signature has them: an ARN is one part of the path.
        url = f"{self._base}/model/{segment(model, self.name)}/{method}"
        place = _Place("POST", url, self._headers if has_key else self._keyless)
        if len(self._targets) < MAX_TARGETS:
            self._targets[method, model, has_key] = place
        return place

    async def _authority(self, place: "_Place", body: bytes, key: str) -> Sequence[tuple[str, str]]:
        """The headers that say who asks."""
        if key:
            return self._service.key_headers(key, "")
        if self._signer is None:
            return ()
        return await self._signer.sign(place.target.method, place.url, body)

    def _secrets(self, key: str) -> Sequence[str]:
        secrets = (*self._service.secrets, key) if key else self._service.secrets
        return secrets if self._signer is None else (*secrets, *self._signer.secrets)


class _Place:
    """An address, whole and prepared."""

    __slots__ = ("target", "url")

    def __init__(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        self.url, self.target = url, Target(method, url, headers)


class _Answer(Answer):
    """An answer in frames."""

    # No text begins with a zero; a frame does, unless it is longer than any may be.
    stream_begins = (b"\0",)
    error_name = ""

    @override
    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        super().on_head(status, headers, flow)
        self.error_name = headers.get(_ERROR_TYPE, "")

    @override
    def read_error(self, status: int, body: bytes) -> ProviderError:
        return bedrock.read_error(status, body, self.error_name, self.provider)


class _Life(msgspec.Struct):
    status: str = "ACTIVE"


class _Model(msgspec.Struct):
    modelId: str
    modelLifecycle: _Life | None = None

    @property
    def is_active(self) -> bool:
        """Whether it is still there for new users."""
        return self.modelLifecycle is None or self.modelLifecycle.status == "ACTIVE"


class _Profile(msgspec.Struct):
    inferenceProfileId: str


class _Count(msgspec.Struct):
    inputTokens: int


class _Listing(msgspec.Struct):
    modelSummaries: list[_Model] = []
    inferenceProfileSummaries: list[_Profile] = []
