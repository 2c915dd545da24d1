"""Customers: customers, segments and custom fields."""

from fastapi import APIRouter

from search_api.idempotency import KeyedRoute

router = APIRouter(tags=["customers"], route_class=KeyedRoute)
