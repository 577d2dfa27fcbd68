"""Where a URL that a stranger wrote may lead, and where it may not."""

import socket
from collections.abc import Sequence

import pytest

from headgate.net import AddressRefused, Client, Guard, Proxies, Target
from headgate.net.guard import network
from headgate.net.lookup import Address

from .conftest import Run
from .upstream import Peer, Upstream, always_ok, ask

LOOPBACK = Guard([network("127.0.0.0/8")])

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
    "4000::1",
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]

SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "localhost",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not Guard().permits(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_permitted(address: str) -> None:
    assert Guard().permits(address)


def test_what_is_no_address_is_refused() -> None:
    assert not Guard([network("0.0.0.0/0"), network("::/0")]).permits("localhost")


def test_an_allowed_network_is_permitted_and_nothing_beside_it() -> None:
    guard = Guard([network("10.1.0.0/16"), network("fd00::/8"), network("192.168.0.7")])
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd12::1", "192.168.0.7", "8.8.8.8"):
        assert guard.permits(address)
    for address in ("10.2.0.1", "::ffff:10.2.0.1", "fc00::1", "192.168.0.8", "127.0.0.1"):
        assert not guard.permits(address)


@pytest.mark.parametrize("host", SPELLINGS)
def test_loopback_is_found_in_every_spelling(run: Run, host: str) -> None:
    """Somebody listens there, and must never hear of us."""

    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            client = Client(guard=Guard())
            with pytest.raises(AddressRefused) as caught:
                await ask(client, Target("POST", f"http://{host}:{upstream.port}/hook", {}))
            assert upstream.accepted == client.connections == 0
            assert (caught.value.status, caught.value.code) == (403, "address_refused")
            await client.close()

    run(play())


def test_an_allowed_network_is_connected_to(run: Run) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            client = Client(guard=LOOPBACK)
            assert (await ask(client, upstream.target())).body == b"ok"
            await client.close()

    run(play())


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: Sequence[str]) -> list[str]:
    """Names resolve to the first answer, then to the second, and so on; returns the names that were asked for."""
    asked, left = list[str](), list(answers)

    async def resolve(host: str, port: int, lookup: object) -> Sequence[Address]:
        asked.append(host)
        found = left.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in found]

    monkeypatch.setattr("headgate.net.dial._resolve", resolve)
    return asked


def test_a_name_is_judged_by_the_address_it_leads_to(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            target = Target("POST", f"http://harmless.test:{upstream.port}/", {})
            client = Client(guard=Guard())
            with pytest.raises(AddressRefused) as caught:
                await ask(client, target)
            assert "127.0.0.1" not in caught.value.message
            assert upstream.accepted == 0
            await client.close()

    resolving(monkeypatch, ["127.0.0.1"])
    run(play())


def test_a_name_is_not_looked_up_again_once_it_was_judged(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second answer is what a rebinding name would say between the check and the connection."""

    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            asked = resolving(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
            client = Client(guard=LOOPBACK)
            target = Target("POST", f"http://rebinding.test:{upstream.port}/", {})
            assert (await ask(client, target)).body == b"ok"
            assert asked == ["rebinding.test"]
            await client.close()

    run(play())


def test_of_several_addresses_only_the_permitted_are_tried(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as upstream:
            resolving(monkeypatch, ["127.0.0.1", "127.0.0.2"])
            client = Client(guard=Guard([network("127.0.0.2")]))
            with pytest.raises(Exception, match="refused"):
                # Nobody listens on .2; that .1 would answer must not matter.
                await ask(client, Target("POST", f"http://both.test:{upstream.port}/", {}))
            assert upstream.accepted == 0
            await client.close()

    run(play())


@pytest.mark.parametrize("where", ["http://127.0.0.1:{port}/", "http://169.254.169.254/latest/meta-data/"])
def test_a_redirect_is_an_answer_and_not_followed(run: Run, where: str) -> None:
    async def play() -> None:
        async with Upstream(always_ok) as secret:
            place = where.format(port=secret.port).encode()
            redirect = b"HTTP/1.1 307 Go\r\nlocation: %b\r\ncontent-length: 0\r\n\r\n" % place

            async def redirecting(peer: Peer) -> None:
                await peer.answer(redirect)

            async with Upstream(redirecting) as upstream:
                client = Client(guard=LOOPBACK)
                assert (await ask(client, upstream.target())).status == 307
                assert secret.accepted == 0
                await client.close()

    run(play())


def test_a_guarded_client_goes_through_no_proxy() -> None:
    """A proxy looks names up itself, and would go where we may not."""
    with pytest.raises(ValueError, match="no proxy"):
        Client(guard=Guard(), proxies=Proxies())


@pytest.mark.parametrize(
    "host", [*(host.strip("[]") for host in SPELLINGS), "localhost.", "a.localhost", "169.254.169.254"]
)
def test_a_plainly_wrong_host_is_known_without_a_look_up(host: str) -> None:
    assert Guard().refuses(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "harmless.test", "a" * 64 + ".test", "2606:4700::1", "localhost.test"])
def test_any_other_host_has_to_be_looked_up(host: str) -> None:
    assert not Guard().refuses(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1"])
def test_an_allowed_host_is_not_refused(host: str) -> None:
    assert not LOOPBACK.refuses(host)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "localhost", "", "10.0.0", "fe80::/10%eth0"])
def test_what_is_no_network_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        network(text)
