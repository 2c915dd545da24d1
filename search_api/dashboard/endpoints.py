"""The merchants' pages: sign in and out, and the overview of each of their stores."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from oltp.access.actions import end_session, redeem_sign_in
from oltp.access.queries import StoreChoice
from oltp.insights.queries import find_overview
from oltp.tenancy.queries import get_store
from search_api.dashboard.bundle import bundle_path, get_bundle
from search_api.dashboard.choice import Choice, read_choice
from search_api.dashboard.page import COLUMNS, make_page
from search_api.dashboard.rendering import FOLDER, render_page
from search_api.dashboard.session import (
    COOKIE,
    LIFETIME,
    SignedIn,
    clear_cookie,
    find_signed_in,
    is_from_elsewhere,
    set_cookie,
)
from search_api.dependencies import CurrentClock, CurrentDatabase
from search_api.middleware import facts_of

router = APIRouter(include_in_schema=False)
FOR_EVER = "public, max-age=31536000, immutable"
STATIC = {
    "dashboard.css": "text/css; charset=utf-8",
    "dashboard.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}


@router.get("/dashboard")
def redirect_to_store(request: Request, database: CurrentDatabase) -> Response:
    """Send a signed-in merchant to the first of their stores."""
    signed_in = find_signed_in(request, database)
    if signed_in is None:
        return render_page("refused.html", {"reason": "signed_out"}, status=401)
    if not signed_in.stores:
        return render_page("no_store.html")
    return RedirectResponse(f"/dashboard/{signed_in.stores[0].slug}", status_code=303)


@router.get("/dashboard/sign-in")
def show_sign_in(token: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Show a button that redeems the link. The GET itself must not: mail and chat programs open links to preview."""
    if not token:
        return render_page("refused.html", {"reason": "signed_out"}, status=401)
    return render_page("sign_in.html", {"token": token})


@router.post("/dashboard/sign-in")
def sign_in(
    request: Request,
    database: CurrentDatabase,
    clock: CurrentClock,
    token: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Use up the link, give the browser its session and send it on."""
    if is_from_elsewhere(request):
        return render_page("refused.html", {"reason": "elsewhere"}, status=403)
    with database.anonymous_session() as session:
        secret = redeem_sign_in(session, token=token, expires_at=clock.now() + LIFETIME)
    if secret is None:
        return render_page("refused.html", {"reason": "link"}, status=401)
    response = RedirectResponse("/dashboard", status_code=303)
    set_cookie(response, request, secret)
    return response


@router.post("/dashboard/sign-out")
def sign_out(request: Request, database: CurrentDatabase) -> Response:
    """End the browser's session."""
    if is_from_elsewhere(request):
        return render_page("refused.html", {"reason": "elsewhere"}, status=403)
    secret = request.cookies.get(COOKIE)
    if secret:
        with database.anonymous_session() as session:
            end_session(session, secret=secret)
    response = render_page("refused.html", {"reason": "goodbye"})
    clear_cookie(response)
    return response


@router.get("/dashboard/static/{name}")
def get_static(request: Request, name: str) -> Response:
    """Return a style sheet, a script or the chart library."""
    if f"/dashboard/static/{name}" == bundle_path():
        return _chart_library(request)
    if name not in STATIC:
        return render_page("not_found.html", status=404)
    return FileResponse(FOLDER / "static" / name, media_type=STATIC[name], headers={"Cache-Control": "no-cache"})


def _chart_library(request: Request) -> Response:
    bundle = get_bundle()
    headers = {"Cache-Control": FOR_EVER, "ETag": f'"{bundle.tag}"', "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == f'"{bundle.tag}"':
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(bundle.plain, media_type="text/javascript; charset=utf-8", headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(bundle.gzipped, media_type="text/javascript; charset=utf-8", headers=headers)


@router.get("/dashboard/{slug}")
def show_overview(request: Request, slug: str, database: CurrentDatabase, clock: CurrentClock) -> Response:
    """Show the overview of one of the merchant's stores."""
    signed_in = find_signed_in(request, database)
    if signed_in is None:
        return render_page("refused.html", {"reason": "signed_out"}, status=401)
    chosen = signed_in.find_store(slug)
    if chosen is None:
        return render_page("not_found.html", status=404)
    facts_of(request.scope).store_id = chosen.store_id
    return _overview(signed_in, chosen, read_choice(request.query_params), database, clock)


def _overview(
    signed_in: SignedIn, chosen: StoreChoice, choice: Choice, database: CurrentDatabase, clock: CurrentClock
) -> HTMLResponse:
    with database.session_for(chosen.store_id) as session:
        store = get_store(session, store_id=chosen.store_id)
        overview = find_overview(
            session,
            store_id=chosen.store_id,
            model=choice.model,
            columns=COLUMNS,
            from_on=choice.from_on,
            to_on=choice.to_on,
            days_count=choice.days_count,
        )
    frame = {"signed_in": signed_in, "store": store, "choice": choice}
    status = 422 if choice.problems else 200
    if overview is None:
        return render_page("empty.html", frame, status=status)
    return render_page(
        "overview.html", frame | make_page(overview, store=store, choice=choice, now=clock.now()), status=status
    )
