"""AWS Bedrock's Converse and ConverseStream, as a provider speaks them."""

from headgate.formats.bedrock.asking import count_request, request
from headgate.formats.bedrock.failures import STALE, is_streamless, read_error
from headgate.formats.bedrock.models import counted_as
from headgate.formats.bedrock.reader import Reader, read_whole

__all__ = ["STALE", "Reader", "count_request", "counted_as", "is_streamless", "read_error", "read_whole", "request"]
