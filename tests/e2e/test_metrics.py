"""GET /metrics of a real server, read by Prometheus' own parsers."""

import json
import socket
from collections.abc import Iterator

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from tests.e2e.upstream import Upstream, telling
from tests.e2e.watching import wait_until
from tests.e2e.wire import HELLO, Answer, Wire, ask, chat
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

KEY, TOKEN = "the-secret-of-alice", "the-token-of-prometheus"
ALICE = {"authorization": f"Bearer {KEY}"}
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(telling("One", " two")) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]
    sections = [
        upstream.config("up", "max_concurrent = 5"),
        f'[providers.dead]\nkind = "openai"\nbase_url = "http://127.0.0.1:{dead}/v1"\nmodels = ["m"]\nretries = 1\n',
        "[providers.simulator]\n",
        f'[keys]\nalice = "{KEY}"\n',
    ]
    with serving("\n".join(sections)) as server:
        yield server


class Numbers:
    """One scrape."""

    def __init__(self, answer: Answer) -> None:
        assert answer.status == 200, answer
        read = read_openmetrics if "openmetrics" in answer.headers["content-type"] else read_text
        self.families = {family.name: family for family in read(answer.body.decode())}

    def value(self, name: str, **labels: str) -> float:
        """The sum of what has that name and these labels."""
        samples = (sample for family in self.families.values() for sample in family.samples if sample.name == name)
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def scrape(server: Serving, **headers: str) -> Numbers:
    return Numbers(ask(server, "/metrics", {**ALICE, **headers}))


def change(server: Serving, before: Numbers, name: str, **labels: str) -> float:
    return scrape(server).value(name, **labels) - before.value(name, **labels)


def wait_for(server: Serving, before: Numbers, name: str, **labels: str) -> None:
    """A client has its answer a moment before everybody has counted it."""
    wait_until(lambda: change(server, before, name, **labels) >= 1, name)


@pytest.mark.parametrize("accept", ["", "text/plain;version=0.0.4", OPENMETRICS])
def test_every_family_is_there_in_every_form(server: Serving, accept: str) -> None:
    numbers = scrape(server, accept=accept)
    assert {"headgate_live_runs", "headgate_journal_commit_seconds", "process_open_fds"} <= numbers.families.keys()
    assert numbers.value("process_resident_memory_bytes") > 1_000_000
    assert numbers.value("headgate_client_connections") >= 1
    assert numbers.value("headgate_store_free_bytes") > 0
    wait_until(lambda: scrape(server).value("headgate_event_loop_lag_seconds_count"), "the clock's first tick")


def test_buckets_hold_all_that_is_below_them(server: Serving) -> None:
    ask(server, "/v1/chat/completions", ALICE, "POST", chat(text="One."))
    family = scrape(server).families["headgate_journal_commit_seconds"]
    buckets = [sample.value for sample in family.samples if sample.name.endswith("_bucket")]
    assert buckets == sorted(buckets)
    assert buckets[-1] > 0
    assert [sample.value for sample in family.samples if sample.name.endswith("_count")] == buckets[-1:]


def test_an_answer_is_counted(server: Serving) -> None:
    before, by = scrape(server), {"gen_ai_provider_name": "simulator", "gen_ai_response_model": "demo"}
    ask(server, "/v1/chat/completions", ALICE, "POST", chat(stream=True, words=20, usage={"output": 40}))
    wait_for(server, before, "headgate_runs_ended_total", **by, status="finished")
    wait_for(server, before, "http_server_request_duration_seconds_count", http_route="/v1/chat/completions")
    after = scrape(server)

    def grew(name: str, **labels: str) -> float:
        return after.value(name, **labels) - before.value(name, **labels)

    assert grew("headgate_runs_begun_total", gen_ai_operation_name="chat") == 1
    assert grew("headgate_runs_ended_total", **by, status="finished", error_type="") == 1
    for name in ("request_duration", "time_to_first_token", "time_per_output_token"):
        assert grew(f"gen_ai_server_{name}_seconds_count", **by) == 1
    assert grew("headgate_tokens_total", **by, gen_ai_token_type="output", estimated="false") == 40
    assert grew("gen_ai_client_token_usage_sum", **by, gen_ai_token_type="output") == 40
    assert grew("gen_ai_client_operation_duration_seconds_count", http_response_status_code="200") == 1
    assert grew("gen_ai_client_operation_time_per_output_chunk_seconds_count", gen_ai_provider_name="simulator") >= 5
    answered = {"http_request_method": "POST", "http_route": "/v1/chat/completions", "http_response_status_code": "200"}
    assert grew("http_server_request_duration_seconds_count", **answered) == 1
    assert grew("headgate_journal_commit_seconds_count") >= 1


def test_a_failover_is_counted(server: Serving) -> None:
    before = scrape(server)
    body = json.dumps({"model": "dead/m", "messages": HELLO, "fallbacks": ["up/m"], "stream": True}).encode()
    assert ask(server, "/v1/chat/completions", ALICE, "POST", body).status == 200
    wait_for(server, before, "headgate_failovers_total", **{"from": "dead", "to": "up"})
    assert change(server, before, "headgate_retries_total", gen_ai_provider_name="dead") == 1
    failed: dict[str, str] = {"gen_ai_provider_name": "dead", "http_response_status_code": "502"}
    assert change(server, before, "gen_ai_client_operation_duration_seconds_count", **failed) == 2
    assert change(server, before, "headgate_queue_wait_seconds_count", gen_ai_provider_name="up") == 1
    after = scrape(server)
    assert after.value("headgate_upstream_connections_opened_total") > 0
    assert after.value("headgate_queue_requests", gen_ai_provider_name="up", state="waiting") == 0


def test_a_provider_in_trouble_is_seen(server: Serving) -> None:
    body = json.dumps({"model": "dead/m", "messages": HELLO}).encode()
    for _ in range(3):
        ask(server, "/v1/chat/completions", ALICE, "POST", body)
    numbers = scrape(server)
    states = {
        state: numbers.value("headgate_provider_state", gen_ai_provider_name="dead", state=state) for state in STATES
    }
    assert states == {"closed": 0, "open": 1, "half_open": 0}


STATES = ("closed", "open", "half_open")


def test_runs_at_work_and_their_readers_are_seen(server: Serving) -> None:
    with Wire(server) as wire:
        wire.post(chat(stream=True, words=100, gap_ms=60_000), headers=ALICE)
        wire.until(b"content")
        numbers = scrape(server)
        assert numbers.value("headgate_live_runs") == 1
        assert numbers.value("headgate_followers") == 1
        assert numbers.value("http_server_active_requests") == 2
    wait_until(lambda: scrape(server).value("headgate_live_runs") == 0, "the run to end with its reader")


def test_names_that_clients_make_up_are_not_told_apart(server: Serving) -> None:
    """Or one client could fill the memory of whoever scrapes."""
    before = scrape(server)
    for number in range(3):
        ask(server, f"/made/up/{number}", ALICE)
        ask(server, "/v1/models", ALICE, "PROPFIND")
        body = json.dumps({"model": f"simulator/made-up-{number}", "messages": HELLO}).encode()
        ask(server, "/v1/chat/completions", ALICE, "POST", body)
    text = ask(server, "/metrics", ALICE).body
    assert b"made" not in text
    assert b"PROPFIND" not in text
    assert change(server, before, "http_server_request_duration_seconds_count", http_route="other") >= 3


def statuses(server: Serving, *keys: str) -> list[int]:
    found = []
    for key in keys:
        answer = ask(server, "/metrics", {"authorization": f"Bearer {key}"} if key else {})
        found.append(answer.status)
        assert answer.status == 200 or answer.error["code"] == "invalid_api_key"
    return found


def test_a_server_with_keys_shows_them_to_its_clients_only(server: Serving) -> None:
    assert statuses(server, "", "wrong-wrong", KEY) == [401, 401, 200]


def test_unless_it_is_told_to_show_them_to_everybody() -> None:
    with serving(f'[store]\npath = "memory"\n[keys]\nalice = "{KEY}"\n[metrics]\nopen = true\n') as server:
        assert statuses(server, "", KEY) == [200, 200]


def test_a_token_of_their_own_is_the_only_one() -> None:
    with serving(f'[store]\npath = "memory"\n[keys]\nalice = "{KEY}"\n[metrics]\ntoken = "{TOKEN}"\n') as server:
        assert statuses(server, "", KEY, TOKEN) == [401, 401, 200]
        assert ask(server, "/v1/models", {"authorization": f"Bearer {TOKEN}"}).status == 401


def test_vectors_are_counted_though_they_are_no_runs(server: Serving) -> None:
    before, by = scrape(server), {"gen_ai_provider_name": "simulator"}
    body = json.dumps({"model": "simulator/embedding", "input": ["One two three"]}).encode()
    answer = ask(server, "/v1/embeddings", ALICE, "POST", body)
    assert answer.status == 200
    wait_for(server, before, "http_server_request_duration_seconds_count", http_route="/v1/embeddings")
    tokens = answer.json()["usage"]["prompt_tokens"]
    assert change(server, before, "headgate_tokens_total", **by, gen_ai_token_type="input") == tokens > 0
    assert (
        change(server, before, "gen_ai_client_operation_duration_seconds_count", gen_ai_operation_name="embeddings")
        == 1
    )
