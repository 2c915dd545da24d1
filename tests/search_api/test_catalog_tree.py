"""Categories, brands, attributes and translations over HTTP."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.search_api.conftest import Counter
from tests.search_api.test_catalog_products import USD, Office
from tests.statements import statements


@pytest.fixture
def office(counter: Counter) -> Iterator[Office]:
    """A shop of the test's own, with a token."""
    return Office(counter)


def category(office: Office, name: str, **more: Any) -> str:
    """Make a category; return its id."""
    made: str = office("POST", "categories", 201, {"name": name, **more})["id"]
    return made


def test_categories_are_ordered_by_sort_order_then_name(office: Office) -> None:
    for name, order in (("b", 2), ("c", 1), ("a", 2), ("d", 0)):
        category(office, name, sort_order=order)
    found, cursor = [], ""
    while True:
        page = office("GET", f"categories?limit=3{cursor}", 200)
        found += [item["name"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == ["d", "c", "a", "b"]
    assert office.refuse("GET", "categories?cursor=WyJ4IiwieSIsInoiXQ", 400)[0] == "invalid_cursor"


def test_a_category_is_never_below_itself(office: Office) -> None:
    top = category(office, "Top")
    middle = category(office, "Middle", parent_id=top)
    leaf = category(office, "Leaf", parent_id=middle)
    for parent in (top, middle, leaf):
        assert office.refuse("PATCH", f"categories/{top}", 409, {"parent_id": parent}) == (
            "category_cycle", "body.parent_id")
    assert office("PATCH", f"categories/{leaf}", 200, {"parent_id": top})["parent_id"] == top
    assert office("PATCH", f"categories/{leaf}", 200, {"parent_id": None})["parent_id"] is None
    assert [c["name"] for c in office("GET", "categories?roots=true", 200)["items"]] == ["Leaf", "Top"]
    assert [c["name"] for c in office("GET", f"categories?parent_id={top}", 200)["items"]] == ["Middle"]
    assert office.refuse("PATCH", f"categories/{leaf}", 422, {"parent_id": str(uuid4())}) == (
        "reference_unknown", "body.parent_id")


def test_a_tree_is_at_most_twenty_deep(office: Office) -> None:
    parent = None
    for depth in range(20):
        parent = category(office, f"d{depth}", parent_id=parent)
    assert office.refuse("POST", "categories", 409, {"name": "deeper", "parent_id": parent})[0] == "tree_too_deep"


def test_no_delete_of_a_category_or_brand_with_live_children_or_products(office: Office) -> None:
    top = category(office, "Top")
    leaf = category(office, "Leaf", parent_id=top)
    brand = office("POST", "brands", 201, {"name": "Acme"})["id"]
    made = office.make(category_id=leaf, brand_id=brand)
    assert made["category"] == {"slug": "leaf", "name": "Leaf"} and made["brand"]["slug"] == "acme"
    for path, code in ((f"categories/{top}", "category_in_use"), (f"categories/{leaf}", "category_in_use"),
                       (f"brands/{brand}", "brand_in_use")):
        assert office.refuse("DELETE", path, 409)[0] == code
    office("DELETE", f"products/{made['id']}", 204)
    for path in (f"brands/{brand}", f"categories/{leaf}", f"categories/{top}"):
        office("DELETE", path, 204)
        office("GET", path, 404)
    assert office.refuse("POST", "products", 422, {"name": "n", "sku": "n", "price": USD, "category_id": leaf}) == (
        "reference_unknown", "body.category_id")


@pytest.mark.parametrize("noun", ["categories", "brands"])
def test_slugs_and_etags_of_categories_and_brands(office: Office, noun: str) -> None:
    first = office("POST", noun, 201, {"name": "Lamps & Co"})
    second = office("POST", noun, 201, {"name": "Lamps & Co"})
    assert (first["slug"], second["slug"]) == ("lamps-co", "lamps-co-1")
    path = f"{noun}/{second['id']}"
    assert office.refuse("PATCH", path, 409, {"slug": "lamps-co"}) == ("slug_taken", "body.slug")
    office("GET", path, 200)
    read = office.etag
    assert office("PATCH", path, 200, {"name": "Chairs"}, **{"If-Match": read})["slug"] == "chairs"
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        assert office.refuse(method, path, 412, body, **{"If-Match": read})[0] == "stale"
    office("DELETE", f"{noun}/{first['id']}", 204)
    assert office("PATCH", path, 200, {"slug": "lamps-co"})["slug"] == "lamps-co"
    assert {f"{'category' if noun == 'categories' else 'brand'}.{verb}" for verb in (
        "created", "updated", "deleted")} <= set(office.events())


def test_a_brands_logo_and_website_are_urls(office: Office) -> None:
    for field in ("logo", "website"):
        assert office.refuse("POST", "brands", 422, {"name": "A", field: "acme"}) == (
            "invalid_request", f"body.{field}")


def test_attributes_check_values_and_stay_while_used(office: Office) -> None:
    attribute = office("POST", "attributes", 201, {"name": "Material", "values": ["brass", "steel"]})["id"]
    free = office("POST", "attributes", 201, {"name": "Motto"})["id"]
    assert office.refuse("POST", "attributes", 409, {"name": "Motto"}) == ("attribute_name_taken", "body.name")
    path = f"products/{office.make()['id']}/attributes"
    brass = {"attribute_id": attribute, "value": "brass"}
    given = office("PUT", path, 200, {"values": [{"attribute_id": free, "value": "Shine"}, brass]})
    assert [(each["name"], each["value"]) for each in given] == [("Motto", "Shine"), ("Material", "brass")]
    assert office("GET", path, 200)["items"] == given
    for values, expected in (
            ([{**brass, "value": "wood"}], ("attribute_value_not_allowed", "body.values.0.value")),
            ([brass, brass], ("attribute_twice", "body.values.1")),
            ([{**brass, "attribute_id": str(uuid4())}], ("reference_unknown", "body.values.0.attribute_id"))):
        assert office.refuse("PUT", path, 422, {"values": values}) == expected
    assert office.refuse("DELETE", f"attributes/{attribute}", 409)[0] == "attribute_in_use"
    assert office.refuse("PATCH", f"attributes/{attribute}", 409, {"values": ["steel"]}) == (
        "attribute_value_in_use", "body.values")
    office("PATCH", f"attributes/{attribute}", 200, {"values": ["brass"]})
    assert office("PUT", path, 200, {"values": []}) == []
    office("DELETE", f"attributes/{attribute}", 204)
    assert [each["name"] for each in office("GET", "attributes", 200)["items"]] == ["Motto"]


def test_translations_with_a_locale_chain_de_ch_de_store_default(office: Office) -> None:
    office.shop.execute("INSERT INTO feature_flag (store_id, name, is_enabled) VALUES (:store, 'i18n', true)")
    things = {"products": office.make()["id"], "categories": category(office, "Lamp"),
              "brands": office("POST", "brands", 201, {"name": "Lamp"})["id"]}
    for noun, thing in things.items():
        path = f"{noun}/{thing}"
        own = office("GET", path, 200)["name"]
        assert office("PUT", f"{path}/translations/de", 201, {"name": "Lampe"})["slug"] == "lampe"
        for locale, name, said in (("de-CH", "Lampe", "de"), ("de", "Lampe", "de"), ("fr", own, None)):
            found = office("GET", f"{path}?locale={locale}", 200)
            assert (found["name"], found["locale"]) == (name, said)
        office("PUT", f"{path}/translations/de-CH", 201, {"name": "Lämpli"})
        office("PUT", f"{path}/translations/de-CH", 200, {"name": "Lämpchen"})
        assert office("GET", f"{path}?locale=de-CH", 200)["name"] == "Lämpchen"
        listed = office("GET", f"{path}/translations", 200)["items"]
        assert [each["locale"] for each in listed] == ["de", "de-CH"]
        office("DELETE", f"{path}/translations/de-CH", 204)
        assert office("GET", f"{path}?locale=de-CH", 200)["name"] == "Lampe"
        assert office.refuse("DELETE", f"{path}/translations/de-CH", 404)[0] == "translation_not_found"
        assert office.refuse("PUT", f"{path}/translations/DE_ch", 422, {"name": "x"}) == (
            "locale_invalid", "path.locale")


def test_a_translations_slug_is_unique_per_store_and_locale(office: Office) -> None:
    first, second = (f"products/{office.make(sku)['id']}/translations" for sku in ("A", "B"))
    office("PUT", f"{first}/de", 201, {"name": "Lampe", "slug": "leuchte-für-tische"})
    assert office.refuse("PUT", f"{second}/de", 409, {"name": "x", "slug": "leuchte-für-tische"}) == (
        "slug_taken", "body.slug")
    assert office.refuse("PUT", f"{second}/de", 422, {"name": "x", "slug": "Über uns"}) == (
        "translated_slug_invalid", "body.slug")
    office("PUT", f"{second}/fr", 201, {"name": "x", "slug": "leuchte-für-tische"})
    office("PUT", f"{first}/it", 201, {"name": "Lampada"})
    assert office("PUT", f"{second}/it", 201, {"name": "Lampada"})["slug"] == "lampada-1"
    assert office("PUT", f"{second}/ja", 201, {"name": "灯"})["slug"] == "desk-lamp-1"
    stranger = Office(office.counter)
    stranger("PUT", f"products/{stranger.make()['id']}/translations/de", 201,
             {"name": "x", "slug": "leuchte-für-tische"})


@pytest.mark.parametrize("noun", ["categories", "brands", "attributes"])
def test_a_page_costs_the_same_statements_however_long(office: Office, noun: str) -> None:
    for number in range(12):
        office("POST", noun, 201, {"name": f"n{number}"})
    counts = []
    for limit in (1, 50):
        with statements(office.counter.database) as seen:
            office("GET", f"{noun}?limit={limit}", 200)
        counts.append(len(seen))
    assert counts[0] == counts[1]
