"""Where the pages are, and the files they need."""

DOCS = "/docs"
REDOC = "/redoc"
OPENAPI = "/openapi.json"
OAUTH2_REDIRECT = "/docs/oauth2-redirect"

ASSETS = "/docs/assets"
SWAGGER_SCRIPT = f"{ASSETS}/swagger-ui-bundle.js"
SWAGGER_STYLE = f"{ASSETS}/swagger-ui.css"
REDOC_SCRIPT = f"{ASSETS}/redoc.standalone.js"
ICON = f"{ASSETS}/icon.svg"

ALL = frozenset({DOCS, REDOC, OPENAPI, OAUTH2_REDIRECT, SWAGGER_SCRIPT, SWAGGER_STYLE, REDOC_SCRIPT, ICON})
"""The gate sends these here, and nothing else."""
