"""Functions that are requests to services."""

from headgate.tools.http.body import KINDS, Body, places_in
from headgate.tools.http.function import REPEATABLE, HttpFunction, Method, Request
from headgate.tools.http.template import UrlTemplate

__all__ = ["KINDS", "REPEATABLE", "Body", "HttpFunction", "Method", "Request", "UrlTemplate", "places_in"]
