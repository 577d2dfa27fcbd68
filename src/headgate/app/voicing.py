"""The voice and ears of this machine, where there are any."""

from headgate.config import Config
from headgate.config.providers import LOCAL
from headgate.metrics import Meters
from headgate.providers.local.provider import LocalProvider, Powers, is_there


def local_voices(config: Config, meters: Meters) -> LocalProvider | None:
    """Its provider, unless it is not wanted, what it needs is not installed, or somebody else has its name."""
    voices = config.voices
    if not voices.local or not is_there() or any(provider.name == LOCAL for provider in config.providers):
        return None
    powers = Powers(
        speakers=voices.speakers,
        listeners=voices.listeners,
        queued=voices.max_queued,
        most_seconds=voices.max_recording,
        phrases=voices.phrases,
        grammar=voices.grammar or "",
    )
    return LocalProvider(LOCAL, powers, meters)
