-- One row per visit: a visitor's events without a pause of more than 30 minutes, cut after each 24 hours. Bots are left out.
-- A visit belongs to the store-day it starts on and to the first campaign or referrer it shows.
WITH zones AS (
  SELECT
    h.store_id,
    h.time_zone,
    h.valid_from,
    LEAD(h.valid_from) OVER (PARTITION BY h.store_id ORDER BY h.valid_from ASC NULLS LAST) AS valid_until
  FROM raw.store_zone_history AS h
),
kept AS (
  SELECT
    e.store_id,
    e.surrogate,
    e.event_id,
    e.corrected_at AS happened_at,
    e.name,
    LOWER(NULLIF(TRIM(e.utm_source), '')) AS utm_source,
    LOWER(NULLIF(TRIM(e.utm_medium), '')) AS utm_medium,
    NULLIF(TRIM(e.utm_campaign), '') AS utm_campaign,
    LOWER(NULLIF(TRIM(e.click_id_kind), '')) AS click_kind,
    REPLACE(CONCAT('^', LOWER(NULLIF(TRIM(e.referrer_host), ''))), '^www.', '^') AS host
  FROM raw.analytics_events AS e
  LEFT JOIN meta.duplicate_events AS d
    ON d.store_id = e.store_id AND d.event_id = e.event_id AND d.occurred_at = e.occurred_at
  WHERE d.event_id IS NULL AND NOT e.is_bot AND e.surrogate IS NOT NULL
),
pauses AS (
  SELECT
    k.store_id,
    k.surrogate,
    k.event_id,
    k.happened_at,
    k.name,
    k.utm_source,
    k.utm_medium,
    k.utm_campaign,
    k.click_kind,
    CASE WHEN LENGTH(k.host) > 1 THEN SUBSTRING(k.host, 2) END AS host,
    CASE
      WHEN k.happened_at <= LAG(k.happened_at) OVER (
        PARTITION BY k.store_id, k.surrogate ORDER BY k.happened_at ASC NULLS LAST, k.event_id ASC NULLS LAST
      ) + INTERVAL '30' MINUTE THEN 0
      ELSE 1
    END AS is_start
  FROM kept AS k
),
runs AS (
  SELECT
    p.*,
    SUM(p.is_start) OVER (
      PARTITION BY p.store_id, p.surrogate ORDER BY p.happened_at ASC NULLS LAST, p.event_id ASC NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS run_number
  FROM pauses AS p
),
parts AS (
  SELECT
    r.*,
    GREATEST(DATE_DIFF('microsecond', MIN(r.happened_at) OVER (PARTITION BY r.store_id, r.surrogate, r.run_number),
      r.happened_at) - 1, 0) // 86400000000 AS part_number,
    CASE WHEN r.utm_source IS NOT NULL OR r.utm_medium IS NOT NULL OR r.click_kind IS NOT NULL OR r.host IS NOT NULL
      THEN 0 ELSE 1 END AS lacks_evidence
  FROM runs AS r
),
ranked AS (
  SELECT
    q.*,
    ROW_NUMBER() OVER (
      PARTITION BY q.store_id, q.surrogate, q.run_number, q.part_number
      ORDER BY q.happened_at ASC NULLS LAST, q.event_id ASC NULLS LAST
    ) AS position,
    ROW_NUMBER() OVER (
      PARTITION BY q.store_id, q.surrogate, q.run_number, q.part_number
      ORDER BY q.lacks_evidence ASC NULLS LAST, q.happened_at ASC NULLS LAST, q.event_id ASC NULLS LAST
    ) AS evidence_rank
  FROM parts AS q
),
views AS (
  SELECT
    v.*,
    MIN(CASE WHEN v.name = 'product_view' THEN v.position END) OVER (
      PARTITION BY v.store_id, v.surrogate, v.run_number, v.part_number
    ) AS view_position
  FROM ranked AS v
),
carts AS (
  SELECT
    c.*,
    MIN(CASE WHEN c.name = 'add_to_cart' AND c.position > c.view_position THEN c.position END) OVER (
      PARTITION BY c.store_id, c.surrogate, c.run_number, c.part_number
    ) AS cart_position
  FROM views AS c
),
checkouts AS (
  SELECT
    x.*,
    MIN(CASE WHEN x.name = 'begin_checkout' AND x.position > x.cart_position THEN x.position END) OVER (
      PARTITION BY x.store_id, x.surrogate, x.run_number, x.part_number
    ) AS checkout_position
  FROM carts AS x
),
visits AS (
  SELECT
    y.store_id,
    y.surrogate,
    MIN(y.happened_at) AS started_at,
    MAX(y.happened_at) AS ended_at,
    COUNT(*) AS events_count,
    SUM(CASE WHEN y.name = 'page_view' THEN 1 ELSE 0 END) AS page_views_count,
    SUM(CASE WHEN y.name = 'product_view' THEN 1 ELSE 0 END) AS product_views_count,
    MAX(CASE WHEN y.name = 'purchase' THEN 1 ELSE 0 END) AS is_converted,
    MAX(CASE WHEN y.cart_position IS NOT NULL THEN 1 ELSE 0 END) AS has_cart,
    MAX(CASE WHEN y.checkout_position IS NOT NULL THEN 1 ELSE 0 END) AS has_checkout,
    MAX(CASE WHEN y.name = 'purchase' AND y.position > y.checkout_position THEN 1 ELSE 0 END) AS has_order,
    MAX(CASE WHEN y.evidence_rank = 1 THEN y.utm_source END) AS utm_source,
    MAX(CASE WHEN y.evidence_rank = 1 THEN y.utm_medium END) AS utm_medium,
    MAX(CASE WHEN y.evidence_rank = 1 THEN y.utm_campaign END) AS campaign,
    MAX(CASE WHEN y.evidence_rank = 1 THEN y.click_kind END) AS click_kind,
    MAX(CASE WHEN y.evidence_rank = 1 THEN y.host END) AS host
  FROM checkouts AS y
  GROUP BY y.store_id, y.surrogate, y.run_number, y.part_number
),
sourced AS (
  SELECT
    u.*,
    CASE
      WHEN u.utm_source IS NOT NULL THEN u.utm_source
      WHEN u.utm_medium IS NOT NULL THEN '(not set)'
      WHEN u.click_kind IN ('gclid', 'gbraid', 'wbraid', 'dclid') THEN 'google'
      WHEN u.click_kind = 'msclkid' THEN 'bing'
      WHEN u.click_kind = 'fbclid' THEN 'facebook'
      WHEN u.click_kind = 'ttclid' THEN 'tiktok'
      WHEN u.click_kind = 'twclid' THEN 'twitter'
      WHEN u.click_kind = 'li_fat_id' THEN 'linkedin'
      WHEN u.click_kind = 'epik' THEN 'pinterest'
      WHEN u.click_kind IS NOT NULL THEN u.click_kind
      ELSE COALESCE(u.host, '(direct)')
    END AS source,
    CASE WHEN u.utm_source IS NULL AND u.utm_medium IS NULL AND u.click_kind IS NULL THEN u.host END AS referrer
  FROM visits AS u
),
categorised AS (
  SELECT
    b.*,
    COALESCE(n.category, hs.category, '') AS category
  FROM sourced AS b
  LEFT JOIN meta.traffic_sources AS n
    ON n.source = b.source AND NOT n.is_host
  LEFT JOIN meta.traffic_sources AS hs
    ON hs.source = b.source AND hs.is_host AND n.source IS NULL
),
classified AS (
  SELECT
    f.*,
    CASE
      WHEN f.utm_medium IS NOT NULL THEN f.utm_medium
      WHEN f.utm_source IS NOT NULL THEN '(not set)'
      WHEN f.click_kind = 'dclid' THEN 'display'
      WHEN f.click_kind = 'fbclid' THEN 'social'
      WHEN f.click_kind IS NOT NULL THEN 'cpc'
      WHEN f.referrer IS NULL THEN '(none)'
      WHEN f.category = 'search' THEN 'organic'
      WHEN f.category = 'social' THEN 'social'
      ELSE 'referral'
    END AS medium
  FROM categorised AS f
),
channelled AS (
  SELECT
    w.*,
    CASE
      WHEN w.source = '(direct)' AND w.medium IN ('(none)', '(not set)') THEN 'Direct'
      WHEN LOWER(COALESCE(w.campaign, '')) LIKE '%cross-network%' THEN 'Cross-network'
      WHEN w.medium LIKE '%cp%' OR w.medium IN ('ppc', 'retargeting') OR w.medium LIKE 'paid%' THEN CASE
        WHEN w.category = 'shopping' OR LOWER(COALESCE(w.campaign, '')) LIKE '%shopping%'
          OR LOWER(COALESCE(w.campaign, '')) LIKE 'shop%' THEN 'Paid Shopping'
        WHEN w.category = 'search' THEN 'Paid Search'
        WHEN w.category = 'social' THEN 'Paid Social'
        WHEN w.category = 'video' THEN 'Paid Video'
        WHEN w.medium = 'cpm' THEN 'Display'
        ELSE 'Paid Other'
      END
      WHEN w.medium IN ('display', 'banner', 'expandable', 'interstitial') THEN 'Display'
      WHEN w.category = 'shopping' OR LOWER(COALESCE(w.campaign, '')) LIKE '%shopping%'
        OR LOWER(COALESCE(w.campaign, '')) LIKE 'shop%' THEN 'Organic Shopping'
      WHEN w.source IN ('email', 'e-mail', 'e_mail', 'e mail') OR w.medium IN ('email', 'e-mail', 'e_mail', 'e mail') THEN 'Email'
      WHEN w.category = 'social' OR w.medium IN ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media')
        THEN 'Organic Social'
      WHEN w.category = 'video' OR w.medium LIKE '%video%' THEN 'Organic Video'
      WHEN w.category = 'search' OR w.medium = 'organic' THEN 'Organic Search'
      WHEN w.medium IN ('referral', 'app', 'link') THEN 'Referral'
      WHEN w.medium IN ('affiliate', 'affiliates') THEN 'Affiliates'
      WHEN w.medium = 'audio' THEN 'Audio'
      WHEN w.source = 'sms' OR w.medium = 'sms' THEN 'SMS'
      WHEN w.medium LIKE '%push' OR w.medium LIKE '%mobile%' OR w.medium LIKE '%notification%' OR w.source = 'firebase'
        THEN 'Mobile Push Notifications'
      ELSE 'Unassigned'
    END AS channel
  FROM classified AS w
)
SELECT
  a.store_id,
  MD5(CONCAT(CAST(a.store_id AS TEXT), ':', CAST(a.surrogate AS TEXT), ':',
    CAST(DATE_DIFF('microsecond', CAST('2000-01-01 00:00:00+00' AS TIMESTAMPTZ), a.started_at) AS TEXT))) AS session_id,
  a.surrogate,
  COALESCE(s.linked_surrogate, a.surrogate) AS person,
  a.started_at,
  a.ended_at,
  CAST(a.started_at AT TIME ZONE z.time_zone AS DATE) AS store_day,
  a.events_count,
  CAST(a.page_views_count AS BIGINT) AS page_views_count,
  CAST(a.product_views_count AS BIGINT) AS product_views_count,
  a.is_converted = 1 AS is_converted,
  a.has_cart = 1 AS has_cart,
  a.has_checkout = 1 AS has_checkout,
  a.has_order = 1 AS has_order,
  a.source,
  a.medium,
  a.campaign,
  a.channel
FROM channelled AS a
JOIN zones AS z
  ON z.store_id = a.store_id AND a.started_at >= z.valid_from AND (z.valid_until IS NULL OR a.started_at < z.valid_until)
LEFT JOIN raw.subjects AS s
  ON s.store_id = a.store_id AND s.surrogate = a.surrogate
