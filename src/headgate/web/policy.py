"""What browsers are told to allow: with every answer, and with pages of ours."""

import base64
import hashlib
import re

SECURITY = (
    b"x-content-type-options: nosniff\r\n"
    b"x-frame-options: DENY\r\n"
    b"x-xss-protection: 1; mode=block\r\n"
    # Browsers heed it only where they came by HTTPS, through a proxy in front of us.
    b"strict-transport-security: max-age=31536000; includeSubDomains\r\n"
)
"""Said with every answer."""

_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def content_security_policy(page: bytes) -> str:
    """
    Nothing from anywhere but this server, and no script but the page's own.

    So a page cannot call out even where a library would (ReDoc loads a logo), and text that got
    into one by mistake cannot run.
    """
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in _SCRIPT.findall(page))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {hashes}".rstrip(),
            # Swagger UI and ReDoc put styles on elements while they run.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            # ReDoc searches in a worker that it makes of its own text.
            "worker-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _digest(script: bytes) -> str:
    return base64.b64encode(hashlib.sha256(script).digest()).decode()
