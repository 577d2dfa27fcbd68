"""
Every number there is, by name: what docs/observability.md lists.

Names and buckets are OpenTelemetry's where its conventions have them, as Prometheus writes them;
everything else begins with `headgate_`.
"""

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from headgate.metrics.families import Counters, Gauges, Histograms, Names, Tallies

Family: TypeAlias = Counters | Histograms | Gauges
_F = TypeVar("_F", Counters, Histograms, Gauges, Tallies)

MAX_MODELS = 200
"""Models told apart; each comes with some hundred lines of a page. Only one that has answered becomes known."""

MAX_CODES = 60
"""Codes of errors told apart: ours are about forty, the rest are made by providers."""

MAX_FUNCTIONS = 200
"""Functions told apart: those of MCP servers come and go."""

HTTP = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0, 300.0)
"""OpenTelemetry's, and three more: an answer is streamed for as long as it is made."""

WHOLE = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
FIRST = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
BETWEEN = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
"""Between two tokens, or two pieces."""
TOKENS = tuple(float(4**power) for power in range(14))
COMMIT = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 4.096)
AMOUNT = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0)
LAG = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)

OPERATION, PROVIDER, MODEL = "gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_response_model"
ASKED, ERROR = "gen_ai_request_model", "error_type"
METHOD, ROUTE, STATUS = "http_request_method", "http_route", "http_response_status_code"


_OPERATIONS = {
    "openai.completions": "text_completion",
    "gemini.generate": "generate_content",
    "embeddings": "embeddings",
    "count_tokens": "count_tokens",
}


def operation_of(format: str) -> str:
    """What OpenTelemetry calls what is asked for in that format, or by that errand."""
    return _OPERATIONS.get(format, "chat")


class Meters:
    """All families; one for the whole server."""

    def __init__(self) -> None:
        self.models, self.codes, self.function_names = Names(MAX_MODELS), Names(MAX_CODES), Names(MAX_FUNCTIONS)
        self.families: list[Family] = []
        self._distributions: list[Histograms] = []
        self._of_requests()
        self._of_runs()
        self._of_providers()
        self._of_functions()
        self._of_channels()
        self._of_the_store()
        self._of_the_process()

    def know_models(self, names: Iterable[str]) -> None:
        """Those that are configured, and so need no answer to become known."""
        for name in names:
            self.models.of(name)

    def settle(self) -> None:
        """See `Histogram.settle`; called every second."""
        for family in self._distributions:
            family.settle()

    def _of_requests(self) -> None:
        self.requests = self._histograms(
            "http_server_request_duration_seconds",
            "Requests that were answered, and how long that took.",
            HTTP,
            METHOD,
            ROUTE,
            STATUS,
        )
        self.active_requests = self._gauges("http_server_active_requests", "Requests that are being answered.")
        self.refused_heads = self._counters(
            "headgate_http_refused_total", "Connections and requests turned away before they had a route.", ERROR
        )
        self.sockets = self._counters(
            "headgate_websockets_total", "WebSockets that were asked for, and what was said.", ROUTE, STATUS
        )
        self.connections = self._gauges("headgate_client_connections", "Connections of clients, WebSockets included.")

    def _of_runs(self) -> None:
        by_model = (OPERATION, PROVIDER, MODEL)
        self.begun = self._counters("headgate_runs_begun_total", "Runs that were begun.", OPERATION, ASKED)
        self.ended = self._counters(
            "headgate_runs_ended_total",
            "Runs that are over, and how they ended.",
            *by_model,
            "status",
            ERROR,
        )
        self.whole = self._histograms(
            "gen_ai_server_request_duration_seconds", "From a run's beginning to its end.", WHOLE, *by_model, ERROR
        )
        self.first = self._histograms(
            "gen_ai_server_time_to_first_token_seconds", "From a run's beginning to its first output.", FIRST, *by_model
        )
        self.per_token = self._histograms(
            "gen_ai_server_time_per_output_token_seconds",
            "What each token after the first took, on the average of a whole answer.",
            BETWEEN,
            *by_model,
        )
        self.usage = self._histograms(
            "gen_ai_client_token_usage", "Tokens of each answer.", TOKENS, *by_model, "gen_ai_token_type"
        )
        self.tokens = self._counters(
            "headgate_tokens_total", "Tokens of all answers.", PROVIDER, MODEL, "gen_ai_token_type", "estimated"
        )
        self.cost = self._counters(
            "headgate_cost_usd_total", "What answers cost, in US dollars.", PROVIDER, MODEL, "estimated"
        )
        self.live = self._gauges("headgate_live_runs", "Runs at work.")
        self.followers = self._gauges("headgate_followers", "Readers of runs.")

    def _of_providers(self) -> None:
        self.attempts = self._histograms(
            "gen_ai_client_operation_duration_seconds",
            "Tries at a provider, how they ended and how long they took.",
            WHOLE,
            OPERATION,
            PROVIDER,
            STATUS,
            ERROR,
        )
        self.between = self._histograms(
            "gen_ai_client_operation_time_per_output_chunk_seconds",
            "Between two pieces of an answer as they come from the provider.",
            BETWEEN,
            PROVIDER,
        )
        self.retries = self._counters("headgate_retries_total", "Tries repeated at the same provider.", PROVIDER)
        self.failovers = self._counters(
            "headgate_failovers_total", "Providers asked because the one before had failed.", "from", "to"
        )
        self.hedges = self._counters(
            "headgate_hedges_total", "Providers asked because the one before was slow; `won` if they were first.",
            PROVIDER, "outcome",
        )  # fmt: skip
        self.continuations = self._counters(
            "headgate_continuations_total", "Broken answers that another provider went on with.", "from", "to"
        )
        self.queue = self._gauges("headgate_queue_requests", "Requests at a provider with a limit.", PROVIDER, "state")
        self.queue_wait = self._histograms(
            "headgate_queue_wait_seconds", "How long requests waited for their turn.", FIRST, PROVIDER
        )
        self.queue_refused = self._counters(
            "headgate_queue_refused_total", "Requests whose turn did not come.", PROVIDER, ERROR
        )
        self.breakers = self._gauges(
            "headgate_provider_state", "1 for the state that a provider's key is in.", PROVIDER, "key", "state"
        )
        self.upstream = self._gauges("headgate_upstream_connections", "Connections to providers.", "state")
        self.upstream_opened = self._tallies("headgate_upstream_connections_opened_total", "Connections opened.")
        self.upstream_reused = self._tallies(
            "headgate_upstream_connections_reused_total", "Requests that found an open connection."
        )

    def _of_functions(self) -> None:
        self.functions = self._histograms(
            "headgate_function_seconds", "Calls of functions by the server, and how long each took.", WHOLE,
            "function", "outcome",
        )  # fmt: skip

    def _of_channels(self) -> None:
        self.channels = self._gauges(
            "headgate_channels", "Channels that somebody is on, or of which something is kept."
        )
        self.listeners = self._gauges("headgate_channel_connections", "Connections that listen on channels.")
        self.messages = self._tallies("headgate_channel_messages_total", "Messages said on channels.")
        self.history = self._gauges("headgate_channel_history_bytes", "What the messages take that are kept.")

    def _of_the_store(self) -> None:
        self.commits = self._histograms(
            "headgate_journal_commit_seconds", "Commits, and how long the store took for each.", COMMIT
        )
        self.commit_events = self._histograms("headgate_journal_commit_events", "Events of each commit.", AMOUNT)
        self.commit_refused = self._counters("headgate_journal_refused_total", "Commits that the store refused.", ERROR)
        self.written = self._tallies("headgate_journal_bytes_total", "Bytes handed to the database.")
        self.backlog = self._gauges("headgate_journal_backlog_events", "Events of live runs that are not kept yet.")
        self.used = self._gauges("headgate_store_used_bytes", "What the store takes.")
        self.free = self._gauges("headgate_store_free_bytes", "What its disk has left.")
        self.deliveries = self._counters(
            "headgate_webhooks_tries_total", "Tries to deliver a webhook, and where it stood then.", "status"
        )
        self.delivering = self._gauges("headgate_webhooks_waiting", "Webhooks still to be delivered.")

    def _of_the_process(self) -> None:
        self.info = self._gauges("headgate_build_info", "The version.", "version")
        self.lag = self._histograms(
            "headgate_event_loop_lag_seconds", "How much later than it was due the event loop came to its clock.", LAG
        )
        self.dropped = self._tallies(
            "headgate_reports_dropped_total", "Access lines and traces lost because they could not be written.", "kind"
        )

    def _counters(self, name: str, help: str, *labels: str) -> Counters:
        return self._add(Counters(name, help, *labels))

    def _histograms(self, name: str, help: str, bounds: tuple[float, ...], *labels: str) -> Histograms:
        family = self._add(Histograms(name, help, bounds, *labels))
        self._distributions.append(family)
        return family

    def _gauges(self, name: str, help: str, *labels: str) -> Gauges:
        return self._add(Gauges(name, help, *labels))

    def _tallies(self, name: str, help: str, *labels: str) -> Tallies:
        return self._add(Tallies(name, help, *labels))

    def _add(self, family: _F) -> _F:
        self.families.append(family)
        return family
