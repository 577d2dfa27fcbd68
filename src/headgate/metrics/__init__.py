"""What is counted, and the page that shows it."""

from headgate.metrics.exposition import Exposition
from headgate.metrics.meters import Meters, operation_of

__all__ = ["Exposition", "Meters", "operation_of"]
