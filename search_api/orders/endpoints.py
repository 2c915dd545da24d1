"""Orders: orders."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["orders"], route_class=KeyedRoute)
