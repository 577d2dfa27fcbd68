"""The voice and ears of this machine, where there are any."""

from collections.abc import Mapping

from headgate.config import Config
from headgate.config.providers import LOCAL
from headgate.metrics import Meters
from headgate.providers.local.provider import LocalProvider, Powers, is_there
from headgate.runs import Member, Pool


def local_pool(config: Config, meters: Meters) -> Mapping[str, Pool]:
    """Its provider, unless it is not wanted, what it needs is not installed, or somebody else has its name."""
    voices = config.voices
    if not voices.local or not is_there() or any(provider.name == LOCAL for provider in config.providers):
        return {}
    powers = Powers(
        speakers=voices.speakers,
        listeners=voices.listeners,
        queued=voices.max_queued,
        most_seconds=voices.max_recording,
        phrases=voices.phrases,
        grammar=voices.grammar or "",
    )
    return {LOCAL: Pool(LOCAL, [Member(LocalProvider(LOCAL, powers, meters))])}
