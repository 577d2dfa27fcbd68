"""Links to runs: they open what they were made for, and nothing else."""

import base64

import pytest

from headgate.errors import Forbidden
from headgate.web.links import Links, Rights

RUN = "run_" + "1" * 40
OTHER = "run_" + "2" * 40
SECRET = bytes(range(32))
NOW = 1_762_000_000.5


def links(secret: bytes = SECRET, *owners: str) -> Links:
    """Of a server with these keys."""
    return Links(lambda: secret, owners or ("alice", "bob"))


def refused(token: str, run: str = RUN, needed: Rights = "read", now: float = NOW, by: Links | None = None) -> str:
    """Why that token is refused."""
    with pytest.raises(Forbidden) as caught:
        (by or links()).owner(run, token, needed, now)
    assert caught.value.status == 403
    return caught.value.code


@pytest.mark.parametrize("owner", ["alice", "bob"])
def test_a_link_finds_whose_run_it_is(owner: str) -> None:
    """Without saying so: its token tells nobody the name."""
    token = links().make(RUN, owner, "read", int(NOW) + 60)
    assert links().owner(RUN, token, "read", NOW) == owner
    assert owner.encode() not in base64.urlsafe_b64decode(token + "==")


def test_the_same_link_is_the_same_token() -> None:
    """There is neither chance nor a clock in it."""
    assert links().make(RUN, "alice", "read", 5) == links().make(RUN, "alice", "read", 5)


def test_a_link_is_of_no_use_at_another_run() -> None:
    """Even of the same owner."""
    token = links().make(RUN, "alice", "read+stop", int(NOW) + 60)
    assert refused(token, OTHER) == "link_invalid"


def test_a_link_ends_on_time() -> None:
    """To the second."""
    token = links().make(RUN, "alice", "read", 100)
    assert links().owner(RUN, token, "read", 99.9) == "alice"
    assert refused(token, now=100.0) == "link_expired"
    assert refused(token, now=5e9) == "link_expired"


def test_a_link_to_read_does_not_stop() -> None:
    """And one to stop also reads."""
    read, stop = (links().make(RUN, "alice", rights, int(NOW) + 60) for rights in ("read", "read+stop"))
    assert refused(read, needed="read+stop") == "link_forbids"
    assert links().owner(RUN, stop, "read+stop", NOW) == "alice"
    assert links().owner(RUN, stop, "read", NOW) == "alice"


def test_a_link_dies_with_its_store_and_with_its_key() -> None:
    """A key that was taken out of the configuration opens nothing any more."""
    token = links().make(RUN, "alice", "read", int(NOW) + 60)
    assert refused(token, by=links(bytes(32))) == "link_invalid"
    assert refused(token, by=links(SECRET, "bob")) == "link_invalid"


def test_no_bit_of_a_link_can_be_changed() -> None:
    """Rights, time, owner or signature: each is signed."""
    token = links().make(RUN, "alice", "read", int(NOW) + 60)
    said = base64.urlsafe_b64decode(token + "==")
    for bit in range(len(said) * 8):
        bent = bytearray(said)
        bent[bit // 8] ^= 1 << bit % 8
        assert refused(base64.urlsafe_b64encode(bent).decode()) == "link_invalid"


@pytest.mark.parametrize(
    "token", ["", "x", "=", "é", "\udcff", "A" * 66, "A" * 67, "A" * 68, "A" * 5000, "%00", "a b", "../.."]
)
def test_what_is_no_token_opens_nothing(token: str) -> None:
    """Whatever it looks like."""
    assert refused(token) == "link_invalid"


def test_the_secret_is_asked_for_late_and_once() -> None:
    """A store has none before it is opened."""
    asked: list[int] = []

    def secret() -> bytes:
        asked.append(1)
        return SECRET

    of_server = Links(secret, ("anybody",))
    assert asked == []
    token = of_server.make(RUN, "anybody", "read", int(NOW) + 60)
    assert of_server.owner(RUN, token, "read", NOW) == "anybody"
    assert asked == [1]
