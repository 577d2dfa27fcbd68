"""What is counted, and the page that shows it."""

from headgate.metrics.exposition import Exposition
from headgate.metrics.meters import Meters

__all__ = ["Exposition", "Meters"]
