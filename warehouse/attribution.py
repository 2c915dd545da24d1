"""Channel rules: which site is a search engine, a social network, a shop or a video site.

The grouping follows Google Analytics 4's default channel group; the CASE that applies it stands in
`sql/staging/sessions.sql`. A changed rule changes the version of the sessions, which rebuilds them.
"""

SEARCH, SOCIAL, SHOPPING, VIDEO = "search", "social", "shopping", "video"

# Values of utm_source, in lower case.
_SITES: dict[str, str] = {
    SEARCH: """
        google; bing; yahoo; duckduckgo; baidu; yandex; ecosia; qwant; naver; ask; aol; startpage; brave; sogou;
        seznam""",
    SOCIAL: """
        facebook; fb; instagram; ig; twitter; x; t.co; linkedin; lnkd.in; pinterest; reddit; tiktok; snapchat;
        threads; tumblr; vk; whatsapp; wechat; weibo; quora; mastodon; bluesky; telegram; messenger; social""",
    SHOPPING: """
        amazon; ebay; etsy; alibaba; aliexpress; walmart; shopify; shopzilla; idealo; google shopping; shopping;
        pricegrabber; daraz; mercadolibre; rakuten""",
    VIDEO: """
        youtube; youtu.be; vimeo; dailymotion; twitch; netflix; hulu; wistia; video""",
}

# Hosts of referring pages, without a leading `www.`.
_HOSTS: dict[str, str] = {
    SEARCH: """
        google.com; google.co.uk; google.de; google.fr; google.com.bd; bing.com; yahoo.com; search.yahoo.com;
        duckduckgo.com; baidu.com; yandex.ru; yandex.com; ecosia.org; qwant.com; search.naver.com; startpage.com;
        search.brave.com; seznam.cz""",
    SOCIAL: """
        facebook.com; m.facebook.com; l.facebook.com; lm.facebook.com; instagram.com; l.instagram.com;
        twitter.com; x.com; t.co; linkedin.com; lnkd.in; pinterest.com; reddit.com; old.reddit.com; tiktok.com;
        snapchat.com; threads.net; tumblr.com; vk.com; web.whatsapp.com; weibo.com; quora.com; bsky.app; t.me""",
    SHOPPING: """
        amazon.com; amazon.co.uk; amazon.de; ebay.com; ebay.co.uk; etsy.com; aliexpress.com; walmart.com;
        idealo.de; daraz.com.bd; rakuten.co.jp""",
    VIDEO: """
        youtube.com; m.youtube.com; youtu.be; vimeo.com; dailymotion.com; twitch.tv""",
}


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(";")]


# (name, category, whether it is a host).
TRAFFIC_SOURCES: tuple[tuple[str, str, bool], ...] = (
    *((name, category, False) for category, text in _SITES.items() for name in _names(text)),
    *((name, category, True) for category, text in _HOSTS.items() for name in _names(text)),
)

UNATTRIBUTED = "unattributed"
CHANNELS = tuple(
    _names(
        "Direct; Cross-network; Paid Shopping; Paid Search; Paid Social; Paid Video; Display; Paid Other; "
        "Organic Shopping; Organic Social; Organic Video; Organic Search; Referral; Email; Affiliates; Audio; SMS; "
        "Mobile Push Notifications; Unassigned"
    )
)
ATTRIBUTION_MODELS = ("first", "last", "last_non_direct", "linear")
LOOKBACK_DAYS = 30
