"""Pages as HTML answers: escaped templates, and headers that let nothing in from elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from search_api.dashboard.bundle import bundle_path

FOLDER = Path(__file__).parent
# The charts interpret their expressions instead of compiling them, so scripts need no 'unsafe-eval'.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    # Pages show a store's numbers and sign-in links carry a secret: neither caches nor other sites get them.
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}

_environment = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_page(template: str, values: Mapping[str, Any] | None = None, *, status: int = 200) -> HTMLResponse:
    """Return the page made from a template."""
    html = _environment.get_template(template).render(bundle_path=bundle_path(), **(values or {}))
    return HTMLResponse(html, status_code=status, headers=HEADERS)
