"""
The AI SDK's UI messages: what its React hooks send, and the UI message stream (v1) they read.

A request's messages become chat's, and its other fields are chat's already, so every provider can
be asked. The stream is a projection of the log like any other.
"""

from headgate.formats.ui_messages.requests import Asked, UIRequest, is_chat_id, read
from headgate.formats.ui_messages.writer import NAME, Writer

__all__ = ["NAME", "Asked", "UIRequest", "Writer", "is_chat_id", "read"]
