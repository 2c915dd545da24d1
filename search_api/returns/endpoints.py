"""Returns: returns."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["returns"], route_class=KeyedRoute)
