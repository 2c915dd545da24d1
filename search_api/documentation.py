"""Documentation: the OpenAPI document with each operation's scope and errors, and its page, served without a CDN."""

from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.staticfiles import StaticFiles

from search_api.answer_examples import add_examples
from search_api.dependencies import Permission
from search_api.errors import MEDIA_TYPE, Problem
from search_api.idempotency import HEADER, KeyedRoute

ASSETS = "/docs/assets"
ERRORS = {"401": "The bearer token is missing or unknown.", "403": "The token lacks the scope.",
          "400": "The request can't be read.", "422": "A field is not valid.",
          "503": "The database can't be reached right now."}
# Answers of operations that change something, and of those that name one thing.
CHANGING = {"402": "The store's plan allows no more.", "409": "It conflicts with what is there now.",
            "413": "The body is too large."}
NAMED = {"404": "There is no such thing in this store."}
CONDITIONAL = {"412": "It was changed since you read it."}
# The page's chapters, in the order in which a shop needs them.
TAGS = {
    "health": "Whether the service lives and may be asked.",
    "catalog": "Products and their variants, images, attributes and translations; categories and brands.",
    "merchandising": "Collections, by hand or by rule, and bundles.",
    "pricing": "Price lists by quantity, segment and window, currency rates, taxes, and how the store sells.",
    "promotions": "Rules that give discounts, codes that call for them, and what a rule would have done.",
    "inventory": "What is in stock, the ledger of each change, and what is promised to open orders.",
    "reviews": "What customers say of products; it is shown once it is approved.",
    "search": "Products by words, typing errors, meaning and filters.",
    "recommendations": "What goes with a product, and what sells best.",
    "customers": "Customers, their segments, and fields of the store's own.",
    "carts": "What somebody means to buy.",
    "checkout": "From a cart to a quote with all its reasons, and from a quote to an order, or to an order at once.",
    "orders": "Orders and what may be done with them: move, pay, cancel, hold, release.",
    "payments": "Accounts at providers, payment attempts, captures, refunds, and providers' callbacks.",
    "shipping": "Profiles, rates, fulfilments, parcels and what carriers report.",
    "returns": "Goods that come back: asked for, approved, received, inspected, refunded.",
    "subscriptions": "Orders that come again, and each period's bill.",
    "fraud": "How suspicious an order is, why, and what a person decided.",
    "plan": "What the store's plan allows and how much of it is used.",
    "events": "What shoppers do, sent in batches by the storefront.",
    "metrics": "What happened, by day, cohort and channel, as of the last materialization.",
    "invariants": "What must always hold of the store's rows, and whether it does.",
}
KEY = {
    "name": HEADER, "in": "header", "required": False, "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Sent again within 24 hours with the same body, the request is done once and answered twice."}


def add_documentation(app: FastAPI) -> None:
    """Serve /docs and make /openapi.json name scopes and problems."""
    # The browser's bundle comes with a wheel: /docs works without the internet.
    app.mount(ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json", title=f"{app.title} API", swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css", swagger_favicon_url=f"{ASSETS}/favicon.png")

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def scope_of(dependant: Any) -> str | None:  # noqa: ANN401 - the framework's own dependency tree
    """Return the scope that a route's dependencies demand, None where they demand none."""
    if isinstance(dependant.call, Permission):
        return dependant.call.scope
    return next((scope for child in dependant.dependencies if (scope := scope_of(child))), None)


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; what an operation demands is read from the dependency that demands it."""
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes,
                           tags=[{"name": name, "description": about} for name, about in TAGS.items()])
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schemas["Problem"].pop("$defs", {}))
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                if isinstance(route, KeyedRoute) and method == "POST":
                    operation.setdefault("parameters", []).append(KEY)
                _complete(operation, scope_of(route.dependant), method)
    # The framework's own form of validation errors is never answered.
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    add_examples(document)
    return document


def _complete(operation: dict[str, Any], scope: str | None, method: str) -> None:
    # A router within a router would name its chapter twice.
    operation["tags"] = list(dict.fromkeys(operation.get("tags", ())))
    answers = operation["responses"]
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if scope is None:
        if "422" in answers:
            answers["422"] = {"description": ERRORS["422"], "content": content}
        return
    operation["x-permission"] = scope
    operation["description"] = f"{operation.get('description', '')}\n\nScope: `{scope}`".strip()
    for status, description in _refusals(operation, method).items():
        answers[status] = {"description": description, "content": content}
    operation["responses"] = dict(sorted(answers.items()))


def _refusals(operation: dict[str, Any], method: str) -> dict[str, str]:
    """Return what the operation may be refused with: status → sentence."""
    refusals = {**ERRORS, **(CHANGING if method != "GET" else {}), **NAMED}
    names = {parameter["name"].lower() for parameter in operation.get("parameters", ())}
    return {**refusals, **CONDITIONAL} if "if-match" in names else refusals
