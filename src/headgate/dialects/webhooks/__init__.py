"""Webhooks: the forms of messages that a run is over, and our face of what became of them."""

from headgate.dialects.webhooks.faces import routes
from headgate.dialects.webhooks.forms import FORMS

__all__ = ["FORMS", "routes"]
