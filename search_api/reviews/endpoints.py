"""Reviews: reviews."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["reviews"], route_class=KeyedRoute)
