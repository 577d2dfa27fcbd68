"""Who asks: the token of a request, and what it allows."""

from collections.abc import Collection

from headgate.dialects.mercure.failures import MissingToken
from headgate.dialects.mercure.grants import NOTHING, Grants
from headgate.dialects.mercure.tokens import Tokens
from headgate.dialects.mercure.topics import PATH
from headgate.errors import BadRequest, Forbidden
from headgate.web.address import PublicAddress
from headgate.web.http import Request

COOKIES = ("__Secure-mercure_access_token", "mercureAuthorization")
"""What the cookie is called, and what it was before 1.0."""

_IN_ADDRESSES = {"access_token", "authorization"}
"""What a token is called by those who put it into an address."""


class Authority:
    """Says what a request may do."""

    def __init__(
        self,
        tokens: Tokens,
        *,
        audience: str | None,
        address: PublicAddress,
        anonymous: bool,
        origins: Collection[str],
    ) -> None:
        self._tokens, self._audience, self._address, self._anonymous = tokens, audience, address, anonymous
        self._origins = frozenset(origin.encode() for origin in origins if origin != "*")
        """Those that are trusted by name: their pages may send cookies along."""

    def subscriber(self, request: Request, parameters: Collection[str]) -> Grants:
        """What a subscriber may read; raises Unauthorized."""
        if _IN_ADDRESSES & set(parameters):
            raise BadRequest("Tokens do not belong into addresses: send a header or a cookie.", code="token_in_address")
        token = _bearer(request)
        if token is None:
            token = _cookie(request)
        if token is None and self._anonymous:
            return NOTHING
        return self._tokens.grants(_some(token), "subscriber", self._audience_of(request))

    def publisher(self, request: Request) -> Grants:
        """What a publisher may publish; raises Unauthorized, Forbidden."""
        token = _bearer(request)
        if token is None and (token := _cookie(request)) is not None:
            self._check_origin(request)
        return self._tokens.grants(_some(token), "publisher", self._audience_of(request))

    def cors(self, request: Request) -> bytes:
        """What the pages of other origins are told with every answer."""
        headers = b"access-control-expose-headers: mercure-last-event-id\r\n"
        if request.headers.get(b"origin") in self._origins:
            headers += b"access-control-allow-credentials: true\r\n"
        return headers

    def _audience_of(self, request: Request) -> str:
        return self._audience or self._address.of(request) + PATH

    def _check_origin(self, request: Request) -> None:
        """Browsers send cookies along with what any page posts."""
        origin = request.headers.get(b"origin", b"")
        if origin in self._origins or (origin and origin.partition(b"://")[2] == request.headers.get(b"host")):
            return
        raise Forbidden("Pages of this origin may not publish with a cookie.", code="origin_not_allowed")


def _some(token: str | None) -> str:
    if token is None:
        raise MissingToken
    return token


def _bearer(request: Request) -> str | None:
    """What the header says; "" where it says something that is no bearer's token."""
    said = request.headers.get(b"authorization")
    if said is None:
        return None
    scheme, _, token = said.decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _cookie(request: Request) -> str | None:
    pairs = (pair.partition("=") for pair in request.headers.get(b"cookie", b"").decode("latin-1").split(";"))
    cookies = {name.strip(): value.strip() for name, _, value in pairs}
    return next((cookies[name] for name in COOKIES if cookies.get(name)), None)
