"""A caller's own key at the provider: used for its answer, and seen nowhere else."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_crash import never_answering
from tests.e2e.upstream import Peer, Request, Upstream, telling
from tests.e2e.wire import HELLO
from tests.offload.visitor import ASYNC, STREAM, ask, post
from tests.serving import serving

pytestmark = pytest.mark.slow

OURS, THEIRS = "sk-the-servers-own-key", "sk-somebody-elses-key-0123456789"
OWN = {"x-openai-api-key": THEIRS}
MODEL = {"model": "up/m"}


def with_keys(upstream: Upstream, more: str = "") -> str:
    """A provider with a key and an organization of the server's own."""
    headers = '{ "OpenAI-Organization" = "org-ours", "OpenAI-Project" = "ours", "X-Team" = "blue" }'
    return upstream.config(more=f'api_key = "{OURS}"\nheaders = {headers}\n{more}')


@pytest.mark.parametrize("path", [STREAM, ASYNC])
def test_it_takes_the_place_of_the_servers(tmp_path: Path, path: str) -> None:
    with Upstream(telling("one")) as upstream, serving(with_keys(upstream), folder=tmp_path) as server:
        ask(server, path, fields=MODEL, headers={**OWN, "x-openai-organization": "org-theirs"}).over()
        asked: Request = upstream.result()
        assert asked.headers["authorization"] == f"Bearer {THEIRS}"
        assert asked.headers["openai-organization"] == "org-theirs"
        assert "openai-project" not in asked.headers
        assert asked.headers["x-team"] == "blue"
        assert OURS not in str(asked)
        ask(server, path, fields=MODEL, headers=OWN).over()
        assert "openai-organization" not in upstream.result().headers, "what is ours goes with our key"
        ask(server, path, fields=MODEL).over()
        asked = upstream.result()
        assert asked.headers["authorization"] == f"Bearer {OURS}", "for that one call only"
        assert asked.headers["openai-organization"] == "org-ours"


def test_an_organization_without_a_key_is_nobodys_to_choose(tmp_path: Path) -> None:
    with Upstream(telling("one")) as upstream, serving(with_keys(upstream), folder=tmp_path) as server:
        ask(server, fields=MODEL, headers={"x-openai-organization": "org-theirs"}).over()
        assert upstream.result().headers["openai-organization"] == "org-ours"


def test_services_with_a_header_of_their_own_get_it_there(tmp_path: Path) -> None:
    with Upstream(telling("one")) as upstream:
        config = upstream.config().replace('kind = "openai"', 'kind = "azure"')
        with serving(config, folder=tmp_path) as server:
            ask(server, fields=MODEL, headers=OWN).over()
            asked = upstream.result()
            assert asked.headers["api-key"] == THEIRS
            assert "authorization" not in asked.headers


def refusing(message: str) -> Any:
    """Refuse as OpenAI does, repeating the key."""

    def play(peer: Peer) -> None:
        peer.request()
        error = {"message": message, "type": "invalid_request_error", "param": THEIRS, "code": "invalid_api_key"}
        body = json.dumps({"error": error}).encode()
        head = f"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        peer.send(head.encode() + body)

    return play


@pytest.mark.parametrize(
    "message",
    [f"Incorrect API key provided: {THEIRS}.", "Incorrect API key provided: sk-somebo****************6789."],
    ids=["whole", "half"],
)
def test_it_is_repeated_to_nobody(tmp_path: Path, message: str) -> None:
    """Not even to those who may see the answer, nor by a provider that writes it into its refusal."""
    with Upstream(refusing(message)) as upstream, serving(with_keys(upstream), folder=tmp_path) as server:
        made = ask(server, fields=MODEL, headers=OWN)
        said = made.over()
        assert (said["status"], said["error"]["code"]) == ("error", "invalid_api_key")
        assert said["error"]["message"] == "Incorrect API key provided: ***."
        for address in ("status", "stream_events", "raw"):
            assert b"sk-some" not in made.get(address).body
            assert b"6789" not in made.get(address).body
        assert server.stop() == 0
        files = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
        assert THEIRS.encode() not in files
        assert THEIRS not in server.log()


def test_it_is_not_asked_again_with_another_key(tmp_path: Path) -> None:
    """After a crash the server's own key would pay for it."""
    with Upstream(never_answering) as upstream:
        config = with_keys(upstream) + "[providers.simulator]\n"
        with serving(config, folder=tmp_path) as server:
            made = ask(server, fields=MODEL, headers=OWN)
            upstream.wait_ready()
            ask(server, fields={"model": "simulator/demo"}, text="kept by now").over()
            server.kill()
        upstream.will(telling("two"))
        with serving(config, folder=tmp_path) as server:
            said = made._replace(server=server).over()
        assert (said["status"], said["error"]["code"]) == ("error", "producer_lost")
        assert upstream.accepted == 1


def test_it_stays_here_where_another_stands_in(tmp_path: Path) -> None:
    """Without a model the key was meant for OpenAI, and not for whoever is there instead."""
    with Upstream(telling("one")) as upstream, serving(with_keys(upstream), folder=tmp_path) as server:
        made = ask(server, headers=OWN)
        said = made.over()
        assert said["parameters"]["model"] == "gpt-3.5-turbo"
        assert said["response"]["body"]["model"] == "up"
        assert THEIRS not in str(upstream.result())


@pytest.mark.parametrize("key", ["sk a", "sk-\xe9", "x" * 513])
def test_what_is_no_key_is_refused_without_repeating_it(tmp_path: Path, key: str) -> None:
    with serving(folder=tmp_path) as server:
        answer = post(server, STREAM, {"messages": HELLO}, {"x-openai-api-key": key})
        assert (answer.status, answer.json()["error"]["param"]) == (400, "X-OpenAI-API-Key")
        assert key.encode("latin-1") not in answer.body
