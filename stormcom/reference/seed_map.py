"""Where every table, field and relationship of the seed's schema plan went: facts that a test holds against the models.

`seed` is written as the plan writes it, `ours` as the database does: a table, a column, an index, or a path of foreign
keys from the child up to the parent.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mapped:
    """One name of the plan, what stands for it, and what differs and why; no note where nothing differs."""

    seed: str
    ours: str
    note: str = ""


@dataclass(frozen=True)
class Relation:
    """One line of the plan's diagram, as columns from the child up to the parent's table."""

    parent: str
    child: str
    path: tuple[str, ...]
    note: str = ""
    # False where the column is held by no foreign key; the note says why.
    is_key: bool = True


# Reasons that many fields share.
MONEY = "bigint minor units with a currency beside it: a float cannot hold a cent"
KEY = "uuid, made by uuidv7() where the plan has a text cuid: ordered by time, half the size"
WITHIN = "refers together with store_id, so that no row can point into another store"
MOMENT = "timestamptz, in UTC"
TRACE = "uuid: the X-Correlation-ID of the request, the same through every table"
BY_VARIANT = "stock is kept by variant; a product without variants has a default one"

TABLES: tuple[Mapped, ...] = (
    Mapped("Collection", "collection", "by hand or by a rule; slug unique per store among live rows"),
    Mapped("CollectionProduct", "collection_product"),
    Mapped("ProductBundle", "product_bundle", "priced by sum, fixed amount or percent"),
    Mapped("BundleItem", "bundle_item", "takes variants: they are what is stocked and sold"),
    Mapped("ProductImage", "product_image"),
    Mapped("ProductPrice", "product_price", "windows of one key cannot overlap (WITHOUT OVERLAPS)"),
    Mapped("ProductTranslation", "product_translation", "slug unique per store and locale"),
    Mapped("CategoryTranslation", "category_translation", "slug unique per store and locale"),
    Mapped("BrandTranslation", "brand_translation", "slug unique per store and locale"),
    Mapped("DiscountCode", "discount_code", "carries a discount of its own, or opens a promotion rule: exactly one"),
    Mapped("PromotionRule", "promotion_rule", "usage and budget are running totals bounded by checks"),
    Mapped("AppliedPromotion", "applied_promotion", "frozen at order time: later edits of a rule change no order"),
    Mapped("PaymentProviderConfig", "payment_provider_config", "credentials encrypted, never returned"),
    Mapped("PaymentAttempt", "payment_attempt", "its balances bound captures, refunds and chargebacks"),
    Mapped("Refund", "refund", "refund_item says what for; the sum is bounded by the attempt, in the database"),
    Mapped("ReturnRequest", "return_request"),
    Mapped("ReturnItem", "return_item"),
    Mapped("Fulfillment", "fulfillment"),
    Mapped("FulfillmentItem", "fulfillment_item", "the order line keeps the running total: no unit is sent twice"),
    Mapped("ShippingProfile", "shipping_profile", "one default per store"),
    Mapped("ShippingRate", "shipping_rate", "bands of one zone cannot overlap (WITHOUT OVERLAPS)"),
    Mapped("Shipment", "shipment", "a fulfilment may take several parcels"),
    Mapped("InventoryAdjustment", "inventory_adjustment", "append-only; inventory_level is the snapshot beside it"),
    Mapped("StockReservation", "stock_reservation"),
    Mapped("CustomerSegment", "customer_segment"),
    Mapped("CustomerSegmentMember", "customer_segment_member", "one row a spell: who was in it when stays known"),
    Mapped("CustomerCustomField", "customer_custom_field", "typed: text, number, boolean, date or choice"),
    Mapped("CustomerCustomValue", "customer_custom_value", "exactly the column of the field's type is filled"),
    Mapped("AnalyticsEvent", "analytics_event", "partitioned by month of occurred_at"),
    Mapped("DailyStoreMetrics", "daily_store_metrics", "published by the pipelines, read by the API"),
    Mapped("CohortMetrics", "cohort_metrics", "published by the pipelines, read by the API"),
    Mapped("OrderAttribution", "order_attribution", "one row per order, model and touch; credits add up"),
    Mapped("Permission", "permission", "store_id NULL: comes with the platform, read by all stores"),
    Mapped("RolePermission", "role_permission", "for a role, or as one membership's override: exactly one of the two"),
    Mapped("ApiToken", "api_token", "only the SHA-256 is kept"),
    Mapped("WebhookSubscription", "webhook_subscription", "https only, secret encrypted"),
    Mapped("WebhookDelivery", "webhook_delivery", "one row per subscription and domain event"),
    Mapped("AppIntegration", "app_integration"),
    Mapped("JobDescriptor", "job_descriptor", "mirrors the queue; store_id NULL: work of the platform"),
    Mapped("ProductEmbedding", "product_embedding", "partitioned by shard: a large store has an index of its own"),
    Mapped("DomainEvent", "domain_event", "append-only, written in the transaction that it tells of"),
    Mapped("CurrencyRate", "currency_rate", "NUMERIC, by source and day; belongs to no store"),
    Mapped("Subscription", "subscription", "what a customer subscribes to; the store's own plan stays in stores"),
    Mapped("FraudAssessment", "fraud_assessment", "with the features and the version of the rules that judged them"),
)

RELATIONS: tuple[Relation, ...] = (
    Relation("ORGANIZATION", "MEMBERSHIP", ("memberships.organization_id", "organizations")),
    Relation("ORGANIZATION", "STORE", ("stores.organization_id", "organizations"),
             "the legacy schema had one store per organization; now there may be several"),
    Relation("STORE", "PRODUCT", ("products.store_id", "stores")),
    Relation("PRODUCT", "PRODUCTVARIANT", ("product_variants.product_id", "products"), "at least one each"),
    Relation("PRODUCT", "PRODUCTIMAGE", ("product_image.product_id", "products")),
    Relation("PRODUCT", "PRODUCTPRICE", ("product_price.product_id", "products"),
             "or by product_price.variant_id, which is more specific: exactly one of the two"),
    Relation("PRODUCT", "INVENTORYADJUSTMENT", (
        "inventory_adjustment.variant_id", "inventory_level.variant_id", "product_variants.product_id", "products"),
        BY_VARIANT),
    Relation("PRODUCT", "STOCKRESERVATION", (
        "stock_reservation.variant_id", "inventory_level.variant_id", "product_variants.product_id", "products"),
        BY_VARIANT),
    Relation("PRODUCT", "ORDERITEM", ("order_items.product_id", "products"),
             "NULL once the product is gone: the line keeps name, SKU and price as sold"),
    Relation("PRODUCT", "PRODUCTATTRIBUTEVALUE", ("product_attribute_values.product_id", "products")),
    Relation("PRODUCT", "REVIEW", ("reviews.product_id", "products")),
    Relation("PRODUCT", "FULFILLMENTITEM", (
        "fulfillment_item.order_item_id", "order_items.product_id", "products"),
        "through the order's line: a product on its own says nothing about which units were ordered"),
    Relation("PRODUCTVARIANT", "ORDERITEM", ("order_items.variant_id", "product_variants")),
    Relation("STORE", "CATEGORY", ("categories.store_id", "stores")),
    Relation("CATEGORY", "PRODUCT", ("products.category_id", "categories"), "optional"),
    Relation("STORE", "BRAND", ("brands.store_id", "stores")),
    Relation("STORE", "COLLECTION", ("collection.store_id", "stores")),
    Relation("COLLECTION", "COLLECTIONPRODUCT", ("collection_product.collection_id", "collection")),
    Relation("STORE", "DISCOUNTCODE", ("discount_code.store_id", "stores")),
    Relation("STORE", "PROMOTIONRULE", ("promotion_rule.store_id", "stores")),
    Relation("PROMOTIONRULE", "APPLIEDPROMOTION", ("applied_promotion.promotion_rule_id", "promotion_rule"),
             "optional: a code may carry its discount itself, and a deleted rule leaves what it gave"),
    Relation("STORE", "ORDER", ("orders.store_id", "stores")),
    Relation("ORDER", "ORDERITEM", ("order_items.order_id", "orders")),
    Relation("ORDER", "PAYMENTATTEMPT", ("payment_attempt.order_id", "orders")),
    Relation("ORDER", "REFUND", ("refund.order_id", "orders")),
    Relation("ORDER", "FULFILLMENT", ("fulfillment.order_id", "orders")),
    Relation("FULFILLMENT", "FULFILLMENTITEM", ("fulfillment_item.fulfillment_id", "fulfillment"),
             "together with order_id: an item cannot be of another order than its fulfilment"),
    Relation("ORDER", "RETURNREQUEST", ("return_request.order_id", "orders")),
    Relation("RETURNREQUEST", "RETURNITEM", ("return_item.return_request_id", "return_request"),
             "together with order_id: an item cannot be of another order than its request"),
    Relation("STORE", "CUSTOMER", ("customers.store_id", "stores")),
    Relation("CUSTOMER", "ORDER", ("orders.customer_id", "customers"),
             "optional: a guest's order has a subject instead"),
    Relation("CUSTOMER", "REVIEW", ("reviews.customer_id", "customers"), "optional, as in the legacy schema"),
    Relation("STORE", "WEBHOOKSUBSCRIPTION", ("webhook_subscription.store_id", "stores")),
    Relation("WEBHOOKSUBSCRIPTION", "WEBHOOKDELIVERY", ("webhook_delivery.subscription_id", "webhook_subscription")),
    Relation("STORE", "ANALYTICSEVENT", ("analytics_event.store_id", "stores")),
    Relation("STORE", "AUDITLOG", ("audit_logs.store_id", "stores"),
             "by value: what was done in a store stays known when the store is gone", is_key=False),
    Relation("STORE", "INVENTORYLOG", ("inventory_logs.store_id", "stores"), "legacy, read only"),
    Relation("STORE", "APITOKEN", ("api_token.store_id", "stores")),
    Relation("STORE", "PERMISSION", ("permission.store_id", "stores"), "NULL: built in, the same for every store"),
    Relation("PERMISSION", "ROLEPERMISSION", ("role_permission.permission_id", "permission"),
             "a built-in one or the store's own, held by a trigger"),
    Relation("MEMBERSHIP", "ROLEPERMISSION", ("role_permission.membership_id", "memberships"),
             "an override of one person: is_granted says whether it gives or takes"),
)
