"""The voice and ears of this machine, where there are any."""

from headgate.config import Config
from headgate.config.providers import LOCAL
from headgate.metrics import Meters
from headgate.providers.local.provider import EXTRA, LocalProvider, Powers, is_there


def local_voices(config: Config, meters: Meters) -> LocalProvider | None:
    """Its provider, unless it is not wanted, what it needs is not installed, or somebody else has its name."""
    if not _is_wanted(config) or not is_there():
        return None
    voices = config.voices
    powers = Powers(
        speakers=voices.speakers,
        listeners=voices.listeners,
        queued=voices.max_queued,
        most_seconds=voices.max_recording,
        phrases=voices.phrases,
        grammar=voices.grammar or "",
    )
    return LocalProvider(LOCAL, powers, meters)


def lack_of(config: Config) -> str:
    """What has to be installed before this machine speaks and listens; "" where it does, or is not to."""
    return EXTRA if _is_wanted(config) and not is_there() else ""


def _is_wanted(config: Config) -> bool:
    return config.voices.local and all(provider.name != LOCAL for provider in config.providers)
