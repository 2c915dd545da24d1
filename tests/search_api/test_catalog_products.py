"""Products, variants and images over HTTP: made, changed, published, deleted, restored; conflicts name their field."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.search_api.conftest import Counter
from tests.selling import open_shop
from tests.statements import statements

SCOPES = ("product.read", "product.write", "product.publish", "inventory.read")
USD = {"amount": 3900, "currency": "USD"}
IMAGES = [{"url": f"https://cdn.test/{name}.jpg", "alt": name} for name in ("front", "side", "back")]


class Office:
    """A shop, and somebody who keeps its catalog over the API."""

    def __init__(self, counter: Counter) -> None:
        self.counter, self.shop = counter, open_shop(counter.database)
        self.headers = counter.headers(self.shop.store_id, *SCOPES)
        self.etag = ""

    def __call__(self, method: str, path: str, status: int, json: Any = None, **headers: str) -> Any:
        """Call, expect a status, return the body; keep the ETag."""
        answer = self.counter.client.request(method, f"/v1/{path}", json=json, headers={**self.headers, **headers})
        assert answer.status_code == status, answer.text
        self.etag = answer.headers.get("etag", "")
        return answer.json() if answer.content else None

    def refuse(self, method: str, path: str, status: int, json: Any = None, **headers: str) -> tuple[str, str | None]:
        """Call, expect a refusal, return its code and field."""
        answer = self(method, path, status, json, **headers)
        return answer["code"], answer["errors"][0]["field"] if answer["errors"] else None

    def make(self, sku: str = "LAMP-1", **more: Any) -> Any:
        """Make a product."""
        return self("POST", "products", 201, {"name": "Desk lamp", "sku": sku, "price": USD, **more})

    def later(self) -> None:
        """Let the clock go on."""
        self.counter.clock.advance(timedelta(seconds=1))

    def events(self) -> list[str]:
        """Names of the store's events so far."""
        return list(self.shop.execute(
            "SELECT array_agg(name ORDER BY id) FROM domain_event WHERE store_id = :store") or [])


@pytest.fixture
def office(counter: Counter) -> Iterator[Office]:
    """A shop of the test's own, with a token."""
    return Office(counter)


def test_a_product_is_made_with_variants_prices_images_and_stock(office: Office) -> None:
    brass = {"name": "Brass", "sku": "L-B", "options": {"color": "brass"}, "stock": 12, "weight_grams": 1250}
    steel = {"name": "Steel", "sku": "L-S", "options": {"color": "steel"}, "price": {"amount": 4500, "currency": "USD"}}
    made = office.make(variants=[brass, steel], images=IMAGES, compare_at={"amount": 4900, "currency": "USD"})
    assert (made["status"], made["published_at"], made["slug"]) == ("DRAFT", None, "desk-lamp")
    assert (made["price"], made["compare_at"]["amount"]) == (USD, 4900)
    assert [(v["sku"], v["is_default"], v["price"] and v["price"]["amount"], v["weight_grams"])
            for v in made["variants"]] == [("L-B", True, None, 1250), ("L-S", False, 4500, None)]
    assert [(i["alt"], i["position"]) for i in made["images"]] == [("front", 0), ("side", 1), ("back", 2)]
    assert made["thumbnail_url"] == IMAGES[0]["url"] and made["is_available"]
    levels = {level["sku"]: level["on_hand"] for level in office("GET", "inventory-levels", 200)["items"]}
    assert levels == {"L-B": 12, "L-S": 0}
    rows = office.shop.execute("""SELECT jsonb_object_agg(coalesce(v.sku, 'product'), r.amount) FROM product_price r
        LEFT JOIN product_variants v ON v.store_id = r.store_id AND v.id = r.variant_id WHERE r.store_id = :store""")
    assert rows == {"product": 3900, "L-S": 4500}
    assert office("GET", f"products/{made['id']}", 200) == made
    assert "product.created" in office.events()
    assert office.shop.execute("SELECT count(*) FROM audit_logs WHERE store_id = :store "
                               "AND action = 'product.created' AND actor_type = 'SYSTEM'") == 1


def test_a_product_without_variants_gets_one(office: Office) -> None:
    made = office.make(stock=3)
    assert [(v["name"], v["sku"], v["is_default"]) for v in made["variants"]] == [("Default", "LAMP-1", True)]
    assert office("GET", "inventory-levels", 200)["items"][0]["on_hand"] == 3


def test_published_at_follows_the_status(office: Office) -> None:
    path = f"products/{office.make()['id']}"
    published = office("POST", f"{path}/publish", 200)
    assert published["status"] == "ACTIVE" and published["published_at"] is not None
    assert office.refuse("POST", f"{path}/publish", 409) == ("status_unchanged", "body.status")
    office.later()
    assert office("PATCH", path, 200, {"is_featured": True})["published_at"] == published["published_at"]
    withdrawn = office("POST", f"{path}/withdraw", 200, {"status": "ARCHIVED"})
    assert (withdrawn["status"], withdrawn["published_at"]) == ("ARCHIVED", None)
    assert office("POST", f"{path}/publish", 200)["published_at"] > published["published_at"]
    assert office.events().count("product.published") == 2


def test_delete_and_restore(office: Office) -> None:
    made = office.make()
    path = f"products/{made['id']}"
    office("POST", f"{path}/publish", 200)
    assert office.refuse("POST", f"{path}/restore", 409)[0] == "not_deleted"
    office("DELETE", path, 204)
    assert office.refuse("GET", path, 404)[0] == "product_not_found"
    gone = office.shop.execute("SELECT status || ' ' || (published_at IS NULL)::text FROM products WHERE id = :id",
                               id=made["id"])
    assert gone == "ARCHIVED true"
    restored = office("POST", f"{path}/restore", 200)
    assert (restored["status"], restored["published_at"], len(restored["variants"])) == ("DRAFT", None, 1)


def test_a_taken_slug_or_sku_stops_a_restoration_until_another_is_named(office: Office) -> None:
    path = f"products/{office.make('A')['id']}"
    office("DELETE", path, 204)
    office.make("A", slug="desk-lamp", variants=[{"name": "Red", "sku": "RED"}])
    assert office.refuse("POST", f"{path}/restore", 409) == ("sku_taken", "body.sku")
    assert office.refuse("POST", f"{path}/restore", 409, {"sku": "B"}) == ("slug_taken", "body.slug")
    assert office("POST", f"{path}/restore", 200, {"sku": "B", "slug": "b"})["slug"] == "b"


def test_slugs_are_derived_and_follow_the_name(office: Office) -> None:
    slugs = [office.make(f"S{n}")["slug"] for n in range(3)]
    assert slugs == ["desk-lamp", "desk-lamp-1", "desk-lamp-2"]
    other = office.make("S3", name="Größe ß — Łódź", slug=None)
    path = f"products/{other['id']}"
    assert other["slug"] == "grosse-ss-lodz"
    assert office("PATCH", path, 200, {"name": "Desk Lamp"})["slug"] == "desk-lamp-3"
    assert office("PATCH", path, 200, {"name": "Chair", "slug": "seat"})["slug"] == "seat"
    assert office.refuse("PATCH", path, 409, {"slug": "desk-lamp"}) == ("slug_taken", "body.slug")
    assert office.refuse("PATCH", path, 422, {"slug": "No Slug"}) == ("slug_invalid", "body.slug")
    assert office.make("S4", name="灯")["slug"] == "product"


def test_sku_conflicts_name_the_field(office: Office) -> None:
    made = office.make("A")
    body = {"name": "Other", "sku": "A", "price": USD}
    assert office.refuse("POST", "products", 409, body) == ("sku_taken", "body.sku")
    twice = [{"name": "R", "sku": "R", "options": {"c": "r"}}, {"name": "A", "sku": "A", "options": {"c": "a"}}]
    assert office.refuse("POST", "products", 409, {**body, "sku": "B", "variants": twice}) == (
        "sku_taken", "body.variants.1.sku")
    assert office.refuse("POST", "products", 422, {**body, "sku": "B", "variants": [twice[0], twice[0]]}) == (
        "sku_twice", "body.variants.1.sku")
    assert office.refuse("POST", f"products/{made['id']}/variants", 409, {"name": "X", "sku": "A"}) == (
        "sku_taken", "body.sku")
    office.make("C", slug="c")
    assert office.refuse("PATCH", f"products/{made['id']}", 409, {"sku": "C"}) == ("sku_taken", "body.sku")


@pytest.mark.parametrize(("more", "expected"), [
    ({"compare_at": USD}, ("compare_at_not_above", "body.compare_at")),
    ({"compare_at": {"amount": 5000, "currency": "EUR"}}, ("currency_differs", "body.compare_at.currency")),
    ({"category_id": str(uuid4())}, ("reference_unknown", "body.category_id")),
    ({"brand_id": str(uuid4())}, ("reference_unknown", "body.brand_id")),
    ({"shipping_profile_id": str(uuid4())}, ("reference_unknown", "body.shipping_profile_id")),
    ({"price": {"amount": -1, "currency": "USD"}}, ("invalid_request", "body.price.amount")),
    ({"short_description": "x" * 501}, ("invalid_request", "body.short_description")),
    ({"color": "red"}, ("invalid_request", "body.color")),
    ({"variants": [{"name": "R", "sku": "R", "options": {"": "x"}}]},
     ("invalid_request", "body.variants.0.options..[key]"))])
def test_what_a_product_may_not_be(office: Office, more: dict[str, Any], expected: tuple[str, str]) -> None:
    assert office.refuse("POST", "products", 422, {"name": "L", "sku": "L", "price": USD, **more}) == expected


def test_of_two_who_edit_the_second_hears_of_it(office: Office) -> None:
    path = f"products/{office.make()['id']}"
    read = office.etag
    office("PATCH", path, 200, {"name": "First"}, **{"If-Match": read})
    assert office.refuse("PATCH", path, 412, {"name": "Second"}, **{"If-Match": read})[0] == "stale"
    assert office.refuse("DELETE", path, 412, **{"If-Match": read})[0] == "stale"
    office("GET", path, 200)
    office("DELETE", path, 204, **{"If-Match": office.etag})


def test_a_change_is_told_and_audited_with_old_and_new(office: Office) -> None:
    path = f"products/{office.make()['id']}"
    office("PATCH", path, 200, {"weight_grams": 500, "tax_class": "reduced"})
    same = office.events()
    office("PATCH", path, 200, {"weight_grams": 500})
    assert office.events() == same and same.count("product.updated") == 1
    changes = office.shop.execute("SELECT changes::jsonb FROM audit_logs WHERE store_id = :store "
                                  "AND action = 'product.updated'")
    assert changes == {"weight": {"old": None, "new": 0.5}, "tax_class": {"old": "standard", "new": "reduced"}}


def test_variants_are_added_changed_and_deleted_but_never_the_last(office: Office) -> None:
    made = office.make()
    path, first = f"products/{made['id']}/variants", made["variants"][0]["id"]
    assert office.refuse("DELETE", f"{path}/{first}", 409)[0] == "last_variant"
    second = office("POST", path, 201, {"name": "Red", "sku": "RED", "options": {"c": "red"}, "stock": 2})
    assert office.refuse("POST", path, 409, {"name": "R", "sku": "R2", "options": {"c": "red"}}) == (
        "options_taken", "body.options")
    read = office("GET", f"{path}/{second['id']}", 200) and office.etag
    changed = office("PATCH", f"{path}/{second['id']}", 200, {"is_default": True, "options": {"c": "rose"}},
                     **{"If-Match": read})
    assert (changed["is_default"], changed["options"]) == (True, {"c": "rose"})
    assert office.refuse("PATCH", f"{path}/{second['id']}", 412, {"name": "x"}, **{"If-Match": read})[0] == "stale"
    assert [v["is_default"] for v in office("GET", path, 200)["items"]] == [False, True]
    office("DELETE", f"{path}/{second['id']}", 204)
    assert [v["is_default"] for v in office("GET", path, 200)["items"]] == [True]
    assert {"variant.created", "variant.updated", "variant.deleted"} <= set(office.events())


def test_images_with_alt_and_position_atomic_reorder(office: Office) -> None:
    made = office.make(images=IMAGES)
    path, ids = f"products/{made['id']}/images", [image["id"] for image in made["images"]]
    turned = office("PUT", f"{path}/order", 200, {"image_ids": ids[::-1]})
    assert [(i["alt"], i["position"]) for i in turned] == [("back", 0), ("side", 1), ("front", 2)]
    assert office("GET", f"products/{made['id']}", 200)["thumbnail_url"] == IMAGES[2]["url"]
    for wrong in (ids[:2], [*ids, str(uuid4())], [ids[0], ids[0], ids[1]]):
        assert office.refuse("PUT", f"{path}/order", 409, {"image_ids": wrong}) == (
            "order_incomplete", "body.image_ids")
    added = office("POST", path, 201, {"url": "/new.jpg", "position": 1, "variant_id": made["variants"][0]["id"]})
    assert added["position"] == 1
    assert office.refuse("POST", path, 422, {"url": "/x.jpg", "variant_id": str(uuid4())}) == (
        "reference_unknown", "body.variant_id")
    assert office("PATCH", f"{path}/{added['id']}", 200, {"alt": "new"})["alt"] == "new"
    office("DELETE", f"{path}/{ids[2]}", 204)
    left = office("GET", path, 200, None)["items"]
    assert [(i["alt"], i["position"]) for i in left] == [("new", 0), ("side", 1), ("front", 2)]
    assert office("GET", f"products/{made['id']}", 200)["thumbnail_url"] == "/new.jpg"


def test_the_plans_limit_of_products_is_402(office: Office) -> None:
    database = office.counter.database
    with database.owner_session() as session:
        session.connection().exec_driver_sql(
            "UPDATE stores SET product_limit = 1 WHERE id = %s", (office.shop.store_id,))
    path = f"products/{office.make('A')['id']}"
    body = {"name": "B", "sku": "B", "price": USD}
    assert office.refuse("POST", "products", 402, body)[0] == "plan_limit_reached"
    office("DELETE", path, 204)
    office("POST", "products", 201, body)
    assert office.refuse("POST", f"{path}/restore", 402)[0] == "plan_limit_reached"


def test_a_product_and_its_parts_cost_the_same_statements_however_many(office: Office) -> None:
    def variants(count: int, sku: str) -> list[dict[str, Any]]:
        return [{"name": str(n), "sku": f"{sku}-{n}", "options": {"n": str(n)}} for n in range(count)]

    few = office.make("F", variants=variants(1, "F"), images=IMAGES[:1])
    many = office.make("M", slug="m", variants=variants(50, "M"), images=IMAGES * 16)
    for part in ("", "/variants?limit=50", "/images?limit=50"):
        counts = []
        for product in (few, many):
            with statements(office.counter.database) as seen:
                office("GET", f"products/{product['id']}{part}", 200)
            counts.append(len(seen))
        assert counts[0] == counts[1], part


def test_pages_of_variants_and_images_neither_skip_nor_repeat(office: Office) -> None:
    variants = [{"name": str(n), "sku": str(n), "options": {"n": str(n)}} for n in range(5)]
    made = office.make(variants=variants, images=IMAGES)
    for part, whole in (("variants", made["variants"]), ("images", made["images"])):
        found: list[Any] = []
        cursor = ""
        while True:
            page = office("GET", f"products/{made['id']}/{part}?limit=2{cursor}", 200)
            found += page["items"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert found == whole
        assert office.refuse("GET", f"products/{made['id']}/{part}?cursor=x", 400)[0] == "invalid_cursor"


def test_another_store_sees_nothing(office: Office) -> None:
    made = office.make()
    stranger = Office(office.counter)
    for path in ("", "/variants", "/images", "/translations", "/attributes"):
        assert stranger.refuse("GET", f"products/{made['id']}{path}", 404)[0] == "product_not_found"
    assert stranger.refuse("PATCH", f"products/{made['id']}", 404, {"name": "x"})[0] == "product_not_found"
