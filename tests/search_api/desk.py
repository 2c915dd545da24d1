"""Somebody who calls the API for a shop of his own."""

from typing import Any

from tests.search_api.conftest import Counter
from tests.selling import open_shop
from tests.statements import statements


class Desk:
    """A shop, and somebody who calls the API for it."""

    def __init__(self, counter: Counter, *scopes: str) -> None:
        self.counter, self.shop = counter, open_shop(counter.database)
        self.headers = counter.headers(self.shop.store_id, *scopes)
        self.etag: str | None = None

    def __call__(self, method: str, path: str, status: int, json: Any = None, **headers: str) -> Any:
        """Call, expect a status, return the body."""
        answer = self.counter.client.request(method, f"/v1/{path}", json=json, headers={**self.headers, **headers})
        assert answer.status_code == status, answer.text
        self.etag = answer.headers.get("etag")
        return answer.json() if answer.content else None

    def walk(self, path: str, limit: int = 7) -> list[str]:
        """Ids of all pages."""
        found, cursor, mark = [], "", "&" if "?" in path else "?"
        while True:
            page = self("GET", f"{path}{mark}limit={limit}{cursor}", 200)
            found += [item["id"] for item in page["items"]]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    def count(self, path: str) -> int:
        """Number of statements that a page takes; the same for one item and for all of them."""
        counts = set()
        for limit in (1, 100):
            with statements(self.counter.database) as sent:
                self("GET", f"{path}{'&' if '?' in path else '?'}limit={limit}", 200)
            counts.add(len(sent))
        assert len(counts) == 1, path
        return counts.pop()
