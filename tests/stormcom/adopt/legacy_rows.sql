-- Rows of a legacy shop, :P products, :O orders, :L inventory logs, with every kind of dirt; the same at every run.
-- What keys forbid is possible all the same: bootstrap scripts and restored dumps had switched them off.
SET session_replication_role = replica;
CREATE FUNCTION pg_temp.cuid(kind text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT 'c' || substr(md5(kind || ':' || n), 1, 24) $$;
-- Product, customer and order n belong to the store of n mod 20, so that they find each other.
CREATE FUNCTION pg_temp.shop(n bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN n % 20 < 12 THEN 1 WHEN n % 20 < 15 THEN 2 WHEN n % 20 < 17 THEN 3 WHEN n % 20 = 17 THEN 4
              WHEN n % 20 = 18 THEN 5 ELSE 6 END $$;
CREATE FUNCTION pg_temp.digits(shop integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE shop WHEN 3 THEN 0 WHEN 4 THEN 3 ELSE 2 END $$;
CREATE FUNCTION pg_temp.day(n bigint) RETURNS timestamp(3) LANGUAGE sql IMMUTABLE AS
  $$ SELECT timestamp '2025-10-01 00:00' + (n % 410) * interval '1 day' + (n % 86400) * interval '1 second' $$;

INSERT INTO "User" SELECT pg_temp.cuid('user', n), 'User ' || n, CASE n WHEN 2 THEN 'USER1@example.test' WHEN 3 THEN NULL
    ELSE 'user' || n || '@example.test' END, CASE WHEN n % 2 = 0 THEN pg_temp.day(n) END, NULL, '$2b$10$abc', pg_temp.day(n),
    pg_temp.day(n) FROM generate_series(1, 20 + :O / 40) n;
INSERT INTO "Account" SELECT pg_temp.cuid('account', n), pg_temp.cuid('user', n), 'oauth', 'github', n::text, 'r' || n,
    NULL, 1800000000, 'bearer', 'read:user', NULL, NULL FROM generate_series(1, 10) n;
INSERT INTO "Session" SELECT pg_temp.cuid('session', n), 'token' || n, pg_temp.cuid('user', n), '2026-12-31'
    FROM generate_series(1, 10) n;
INSERT INTO "VerificationToken" SELECT 'user' || n || '@example.test', 'verify' || n, '2026-12-31'
    FROM generate_series(1, 5) n;
INSERT INTO "Organization" SELECT pg_temp.cuid('organization', n), 'Company ' || n, 'company-' || n, NULL, pg_temp.day(n),
    pg_temp.day(n) FROM generate_series(1, 6) n;
INSERT INTO "Membership" SELECT pg_temp.cuid('membership', n), pg_temp.cuid('user', n), pg_temp.cuid('organization', 1 + n % 6),
    (ARRAY['OWNER', 'ADMIN', 'MEMBER', 'VIEWER'])[1 + n / 6]::"Role", pg_temp.day(n), pg_temp.day(n)
    FROM generate_series(0, 11) n WHERE n > 0;
INSERT INTO "Store" ("id", "organizationId", "name", "slug", "email", "currency", "timezone", "productLimit", "updatedAt",
                     "createdAt", "subscriptionPlan", "subscriptionStatus")
  SELECT pg_temp.cuid('store', n), pg_temp.cuid('organization', n), 'Shop ' || n, 'shop-' || n, 'shop' || n || '@example.test',
    (ARRAY['USD', 'BDT', 'JPY', 'KWD', ' usd', '€'])[n],
    (ARRAY['America/Los_Angeles', 'Asia/Dhaka', 'Asia/Tokyo', 'Asia/Kuwait', 'Mars/Olympus', 'america/new_york'])[n],
    10, pg_temp.day(n), pg_temp.day(n), 'PRO', 'ACTIVE' FROM generate_series(1, 6) n;
INSERT INTO "Project" SELECT pg_temp.cuid('project', n), 'Project ' || n, NULL, 'project-' || n, 'planning',
    pg_temp.cuid('organization', 1), pg_temp.day(n), pg_temp.day(n) FROM generate_series(1, 2) n;
INSERT INTO "ProjectMember" SELECT pg_temp.cuid('projectmember', n), pg_temp.cuid('project', n), pg_temp.cuid('user', n)
    FROM generate_series(1, 2) n;
INSERT INTO "Category" ("id", "storeId", "name", "slug", "parentId", "createdAt", "updatedAt")
  SELECT pg_temp.cuid('category', s * 100 + n), pg_temp.cuid('store', s), 'Category ' || n, 'category-' || n,
    CASE WHEN n > 3 THEN pg_temp.cuid('category', (CASE WHEN s = 2 AND n = 10 THEN 1 ELSE s END) * 100 + n % 3 + 1) END,
    pg_temp.day(n), pg_temp.day(n) FROM generate_series(1, 6) s, generate_series(1, 10) n;
INSERT INTO "Brand" ("id", "storeId", "name", "slug", "createdAt", "updatedAt")
  SELECT pg_temp.cuid('brand', s * 100 + n), pg_temp.cuid('store', s), 'Brand ' || n, 'brand-' || n, pg_temp.day(n),
    pg_temp.day(n) FROM generate_series(1, 6) s, generate_series(1, 5) n;

INSERT INTO "Product" ("id", "storeId", "name", "slug", "sku", "description", "price", "compareAtPrice", "costPrice",
    "trackInventory", "inventoryQty", "inventoryStatus", "weight", "categoryId", "brandId", "images", "status", "isFeatured",
    "createdAt", "updatedAt", "deletedAt")
  SELECT pg_temp.cuid('product', n), pg_temp.cuid('store', s), 'Product ' || n, 'product-' || n, 'P-' || n,
    repeat('A fine thing, says the maker. ', 3 + (n % 5)::integer), price,
    CASE WHEN n % 3 = 0 THEN round((price * 1.2)::numeric, d)::float8 END,
    CASE WHEN n % 2 = 0 THEN round((price * 0.6)::numeric, d)::float8 END, n % 30 <> 3,
    CASE WHEN n % 50 = 7 THEN -3 ELSE n % 120 END, 'IN_STOCK', (n % 50) / 10.0,
    CASE WHEN n = 5 THEN pg_temp.cuid('category', 201) WHEN n = 6 THEN 'cgone' WHEN n % 7 > 0
      THEN pg_temp.cuid('category', s * 100 + 1 + n % 10) END,
    CASE WHEN n % 6 > 0 THEN pg_temp.cuid('brand', s * 100 + 1 + n % 5) END,
    CASE n % 40 WHEN 1 THEN '/products/' || n || '.jpg' WHEN 2 THEN 'https://cdn.example.test/' || n || '.jpg'
      WHEN 3 THEN '["https://cdn.example.test/unfinished' WHEN 4 THEN 'null' WHEN 5 THEN ''
      WHEN 6 THEN '{"url": "https://cdn.example.test/' || n || '.jpg"}' WHEN 7 THEN '[]'
      ELSE '["https://cdn.example.test/' || n || '-1.jpg", "https://cdn.example.test/' || n || '-2.jpg"]' END,
    (CASE WHEN n % 5 = 0 THEN 'DRAFT' WHEN n % 17 = 0 THEN 'ARCHIVED' ELSE 'ACTIVE' END)::"ProductStatus", n % 25 = 0,
    pg_temp.day(n), pg_temp.day(n), CASE WHEN n % 33 = 0 THEN timestamp '2026-11-01' END
  FROM (SELECT n, s, pg_temp.digits(s) AS d, CASE
      WHEN n = 77 THEN 'NaN'::float8 WHEN s = 5 THEN 100 * (1 + n % 90) + 99 WHEN n = 48 THEN -1
      WHEN n % 97 = 0 THEN 19.999 WHEN n % 89 = 0 THEN 0.1::float8 + 0.2::float8 WHEN n % 83 = 0 THEN 12.34567
      WHEN s = 3 THEN 100 + n * 7919 % 20000 WHEN s = 4 THEN (100 + n * 7919 % 20000)::float8 / 1000
      ELSE (100 + n * 7919 % 20000)::float8 / 100 END AS price
    FROM (SELECT n::bigint AS n, pg_temp.shop(n) AS s FROM generate_series(1, :P) n) a) b;
INSERT INTO "ProductVariant" ("id", "productId", "name", "sku", "price", "inventoryQty", "options", "isDefault", "createdAt",
    "updatedAt")
  SELECT pg_temp.cuid('variant', n * 10 + j), pg_temp.cuid('product', CASE WHEN n = 8 AND j = 2 THEN -1 ELSE n END),
    'Variant ' || j, CASE WHEN n % 100 = 4 AND j = 1 THEN 'P-' || (n + 1) ELSE 'V-' || n || '-' || j END,
    CASE WHEN n % 92 = 0 THEN 9.995 WHEN j = 1 THEN (100 + n * 7919 % 20000)::float8 / CASE pg_temp.shop(n) WHEN 3 THEN 1 ELSE 100 END END,
    CASE WHEN n % 60 = 8 THEN -2 ELSE n % 40 END, CASE WHEN n % 80 = 8 THEN 'no options' WHEN j = 1 THEN '{}'
      ELSE '{"size": "L", "color": "red"}' END, j = 1 OR n % 44 = 0, pg_temp.day(n), pg_temp.day(n)
  FROM generate_series(1, :P) n, generate_series(1, 2) j WHERE n % 4 = 0 OR (n % 4 = 1 AND j = 1);
INSERT INTO "ProductAttribute" ("id", "storeId", "name", "values", "createdAt", "updatedAt")
  SELECT pg_temp.cuid('attribute', s * 10 + n), pg_temp.cuid('store', s), 'Attribute ' || n,
    CASE WHEN s = 2 AND n = 2 THEN 'red, green' ELSE '["red", "green", "blue"]' END, pg_temp.day(n), pg_temp.day(n)
  FROM generate_series(1, 6) s, generate_series(1, 2) n;
INSERT INTO "ProductAttributeValue" ("id", "productId", "attributeId", "value", "createdAt")
  SELECT pg_temp.cuid('attributevalue', n * 10 + j), pg_temp.cuid('product', n),
    pg_temp.cuid('attribute', (CASE WHEN n = 10 THEN 3 ELSE pg_temp.shop(n) END) * 10 + 1),
    CASE WHEN n % 35 = 0 THEN 'purple' ELSE 'red' END, pg_temp.day(n)
  FROM generate_series(1, :P) n, generate_series(1, 2) j WHERE n % 5 = 0 AND (j = 1 OR n % 25 = 0);

INSERT INTO "Customer" ("id", "storeId", "userId", "email", "firstName", "lastName", "phone", "totalOrders", "totalSpent",
    "averageOrderValue", "createdAt", "updatedAt", "deletedAt")
  SELECT pg_temp.cuid('customer', n), pg_temp.cuid('store', pg_temp.shop(n)),
    CASE WHEN n % 10 = 3 THEN pg_temp.cuid('user', 20 + n / 10) END,
    CASE WHEN n % 200 = 1 AND n > 1 THEN 'Customer' || (n - 1) ELSE 'customer' || n END || '@example.test', 'First' || n,
    'Last' || n, '+1555' || n, n % 5, (n % 1000)::float8 * 1.1, 33.333333333, pg_temp.day(n), pg_temp.day(n),
    CASE WHEN n % 77 = 0 THEN timestamp '2026-10-01' END FROM generate_series(0, :O / 4 - 1) n;

CREATE TEMP TABLE line AS
  SELECT o, j, p.n AS p, pg_temp.digits(pg_temp.shop(o)) AS d, 1 + (o + j) % 3 AS quantity, r.sku,
    CASE WHEN pg_temp.shop(o) = 5 THEN r.price / 100 WHEN r.price = 'NaN' THEN 9.99 ELSE r.price END AS price
  FROM generate_series(1, :O) o CROSS JOIN generate_series(1, 3) j
  CROSS JOIN LATERAL (SELECT CASE m WHEN 0 THEN :P ELSE m END AS n
    FROM (SELECT o % 20 + 20 * ((o / 20 * 7 + j * 13) % (:P / 20)) AS m) x) p
  JOIN "Product" r ON r.id = pg_temp.cuid('product', p.n) WHERE j <= 1 + o % 3 AND o % 111 <> 0;
INSERT INTO "OrderItem" ("id", "orderId", "productId", "variantId", "productName", "sku", "price", "quantity", "subtotal",
    "taxAmount", "totalAmount", "createdAt", "updatedAt")
  SELECT pg_temp.cuid('item', o::bigint * 10 + j), pg_temp.cuid('order', o),
    CASE WHEN o = 509 THEN pg_temp.cuid('product', 12) WHEN o % 53 > 0 THEN pg_temp.cuid('product', p) END,
    CASE WHEN o % 53 > 0 AND p % 4 = 0 THEN pg_temp.cuid('variant', p::bigint * 10 + 1) END, 'Product ' || p, sku, price,
    CASE WHEN o % 997 = 0 THEN 0 ELSE quantity END, price * quantity, round((price * quantity * 0.08)::numeric, d)::float8,
    CASE WHEN o % 17 = 0 THEN price * quantity * 1.08 ELSE round((price * quantity * 1.08)::numeric, d)::float8 END,
    pg_temp.day(o), pg_temp.day(o) FROM line;
INSERT INTO "Order" ("id", "storeId", "customerId", "orderNumber", "status", "subtotal", "taxAmount", "shippingAmount",
    "discountAmount", "totalAmount", "discountCode", "paymentMethod", "paymentStatus", "shippingAddress", "billingAddress",
    "createdAt", "updatedAt", "deletedAt")
  SELECT pg_temp.cuid('order', o), pg_temp.cuid('store', CASE WHEN o = 60 THEN 99 ELSE pg_temp.shop(o) END),
    CASE WHEN o = 61 THEN 'cgone' WHEN o % 41 > 0 THEN pg_temp.cuid('customer', o % (:O / 4)) END,
    'ORD-' || lpad(o::text, 7, '0'),
    (ARRAY['PENDING', 'PAYMENT_FAILED', 'PAID', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'CANCELED', 'REFUNDED'])
      [1 + o % 8]::"OrderStatus", subtotal, tax, 10, discount,
    CASE WHEN o = 62 THEN 'Infinity' ELSE subtotal + tax + 10 - discount + CASE WHEN o % 37 = 0 THEN 1 ELSE 0 END END,
    CASE WHEN discount > 0 THEN 'SAVE5' END, CASE WHEN o % 9 > 0 THEN 'CASH_ON_DELIVERY'::"PaymentMethod" END,
    (ARRAY['PENDING', 'AUTHORIZED', 'PAID', 'FAILED', 'REFUNDED', 'DISPUTED'])[1 + o % 6]::"PaymentStatus",
    CASE WHEN o % 43 = 0 THEN 'Mr. Doe, 1 Main St' WHEN o % 41 = 0 THEN
      '{"firstName": "G", "lastName": "' || o || '", "email": "guest' || o % 500 || '@example.test", "country": "US"}'
    ELSE '{"firstName": "John", "lastName": "Doe", "phone": "+1555", "country": "US"}' END, NULL, pg_temp.day(o),
    pg_temp.day(o), CASE WHEN o % 101 = 0 THEN timestamp '2026-11-01' END
  FROM (SELECT o, coalesce(sum(price * quantity), 0) - CASE WHEN o % 31 = 0 THEN 15 ELSE 0 END AS subtotal,
      coalesce(round((sum(price * quantity) * 0.08)::numeric, min(d)), 0)::float8 AS tax,
      CASE WHEN o % 25 = 0 THEN 5 ELSE 0 END AS discount
    FROM generate_series(1, :O) o LEFT JOIN line USING (o) GROUP BY o) h;

INSERT INTO "Review" ("id", "storeId", "productId", "customerId", "rating", "comment", "isApproved", "createdAt", "updatedAt")
  SELECT pg_temp.cuid('review', n), pg_temp.cuid('store', CASE n % 50 WHEN 0 THEN 99 WHEN 1 THEN 2 ELSE pg_temp.shop(n * 4) END),
    pg_temp.cuid('product', n * 4), CASE WHEN n % 3 > 0 THEN pg_temp.cuid('customer', n * 4 % (:O / 4)) END,
    CASE WHEN n = 9 THEN 6 ELSE 1 + n % 5 END, 'Comment ' || n, n % 2 = 0, pg_temp.day(n), pg_temp.day(n)
  FROM generate_series(1, :P / 10) n;
INSERT INTO "InventoryLog" ("id", "storeId", "productId", "previousQty", "newQty", "changeQty", "reason", "note", "userId",
    "createdAt")
  SELECT pg_temp.cuid('log', n), pg_temp.cuid('store', CASE WHEN n = 15 THEN 6 ELSE pg_temp.shop(p) END),
    CASE WHEN n = 16 THEN 'cgone' ELSE r.id END, r."inventoryQty" + 2 + late + drift, r."inventoryQty" + late + drift, -2,
    (ARRAY['Sale', 'Manual adjustment', 'Order cancelled', 'Restock'])[1 + n % 4], 'Order ORD-' || n,
    CASE WHEN n % 3 = 0 THEN pg_temp.cuid('user', 1 + n % 10) END, pg_temp.day(n)
  FROM (SELECT n, 1 + (n - 1) % :P AS p, 2 * ((:L - n) / :P) AS late, CASE WHEN n % 19 = 0 THEN 5 ELSE 0 END AS drift
        FROM generate_series(1, :L) n) l JOIN "Product" r ON r.id = pg_temp.cuid('product', p);
INSERT INTO "audit_logs" ("id", "storeId", "userId", "action", "entityType", "entityId", "changes", "createdAt")
  SELECT pg_temp.cuid('audit', n), CASE WHEN n % 5 > 0 THEN pg_temp.cuid('store', 1 + n % 6) END,
    CASE WHEN n % 2 = 0 THEN pg_temp.cuid('user', 1 + n % 10) END, 'UPDATE', 'Product', pg_temp.cuid('product', n),
    CASE WHEN n % 50 = 0 THEN 'price changed' ELSE '{"price": {"old": 1, "new": 2}}' END, pg_temp.day(n)
  FROM generate_series(1, :L / 10) n;
DROP TABLE line;
SET session_replication_role = origin;
