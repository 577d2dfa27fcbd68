"""GET /metrics."""

from headgate.dialects.docs import errors
from headgate.dialects.docs.service import TAG
from headgate.web.doc import OPENMETRICS, TEXT, Answer, Content, Doc

_PAGE = """\
# HELP gen_ai_server_time_to_first_token_seconds From a run's beginning to its first output.
# TYPE gen_ai_server_time_to_first_token_seconds histogram
gen_ai_server_time_to_first_token_seconds_bucket{gen_ai_operation_name="chat",...,le="0.25"} 17.0
...
# HELP headgate_live_runs Runs at work.
# TYPE headgate_live_runs gauge
headgate_live_runs 3.0
"""

METRICS = Doc(
    summary="Metrics",
    description="Everything that is counted, for Prometheus. A server with keys wants one of them here too, unless "
    "`[metrics] open` says otherwise; where `[metrics] token` is set, it wants that and nothing else.",
    tag=TAG,
    answers=(
        Answer(
            meaning="The numbers as they are now.",
            contents=(
                Content(kind=TEXT, examples={"For Prometheus": _PAGE}),
                Content(kind=OPENMETRICS, examples={"For those who accept OpenMetrics": _PAGE + "# EOF\n"}),
            ),
        ),
    ),
    errors=(errors.NO_KEY,),
    error=errors.ErrorAnswer,
)
