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

GRAPHIQL_PACKAGE = "graphene_django_graphiql_static"
GRAPHIQL = f"{ASSETS}/{GRAPHIQL_PACKAGE}"
GRAPHIQL_FILES = frozenset(
    f"{GRAPHIQL}/{name}"
    for name in (
        "graphiql.min.css",
        "graphiql.min.js",
        "graphql-ws.min.js",
        "react.production.min.js",
        "react-dom.production.min.js",
    )
)

_OWN = frozenset({DOCS, REDOC, OPENAPI, OAUTH2_REDIRECT, SWAGGER_SCRIPT, SWAGGER_STYLE, REDOC_SCRIPT, ICON})
ALL = _OWN | GRAPHIQL_FILES
"""The gate sends these here, and nothing else."""
