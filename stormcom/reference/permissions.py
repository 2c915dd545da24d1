"""The permissions as Markdown: what each allows, which role has it, and which operations demand it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from oltp.access.rules import PERMISSIONS
from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from oltp.kit.settings import Settings
from oltp.search.encoders import HashEncoder
from search_api.app import create_app

HEAD = """# Permissions

Made by `make docs` from the API itself. An operation demands one permission; a token without it is answered 403, no
token 401. `stormcom token create --scope CODE` makes a token that has some of them. A role has what the roles before
it have, and more; a store may give or take single permissions for a role or a person.
"""
ROLES = ("VIEWER", "MEMBER", "ADMIN", "OWNER")
# The revisions that gave the roles their permissions, in order.
REVISIONS = ("0026_p5_permissions", "0032_p1_selling_basics")
# Operations without a permission, and what guards them instead.
OPEN = {
    "/healthz": "nothing; it tells nothing of a store", "/readyz": "nothing; it tells nothing of a store",
    "/v1/payment-callbacks/{callback_key}": "the provider's signature over the raw body",
}


def describe_api() -> dict[str, Any]:
    """Return the OpenAPI document; nothing is connected to for it."""
    database = Database("postgresql:///nowhere")
    app = create_app(settings=Settings(), database=database, clock=SystemClock(), encoder=HashEncoder())
    return app.openapi()


def first_roles() -> dict[str, str]:
    """Return code → the lowest role that has it."""
    found: dict[str, str] = {}
    for revision in REVISIONS:
        given: Mapping[str, tuple[str, ...]] = import_module(f"migrations.versions.{revision}").ROLES
        for role in ROLES:
            for code in given.get(role, ()):
                found.setdefault(code, role)
    return found


def operations(document: Mapping[str, Any]) -> dict[str | None, list[str]]:
    """Return permission → the operations that demand it, from an OpenAPI document."""
    found: dict[str | None, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entry = f"`{method.upper()} {path}`: {operation.get('summary', '')}"
            if operation.get("x-permission") is None:
                entry = f"`{method.upper()} {path}`: guarded by {OPEN.get(path, 'nothing')}"
            found.setdefault(operation.get("x-permission"), []).append(entry)
    return found


def render_permissions(document: Mapping[str, Any]) -> str:
    """Return docs/permissions.md for the API with this OpenAPI document."""
    roles, demanded = first_roles(), operations(document)
    parts = [HEAD, "| permission | allows | from role |", "|---|---|---|"]
    for code, sentence in PERMISSIONS.items():
        parts.append(f"| `{code}` | {sentence} | {roles.get(code, 'only by hand')} |")
    for code in sorted(key for key in demanded if key is not None):
        parts += ["", f"## {code}", "", *[f"- {entry}" for entry in demanded[code]]]
    unguarded = [f"- {entry}" for entry in demanded.get(None, [])]
    return "\n".join([*parts, "", "## Without a permission", "", *unguarded, ""])
