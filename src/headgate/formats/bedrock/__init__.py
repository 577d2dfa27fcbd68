"""AWS Bedrock's Converse and ConverseStream, as a provider speaks them."""

from headgate.formats.bedrock.asking import request
from headgate.formats.bedrock.failures import STALE, read_error
from headgate.formats.bedrock.reader import Reader, read_whole

__all__ = ["STALE", "Reader", "read_error", "read_whole", "request"]
