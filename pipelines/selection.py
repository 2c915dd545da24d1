"""Selection: which assets a person means on the command line."""

from collections.abc import Sequence

import dagster as dg

from oltp.kit.errors import Invalid


class UnknownSelection(Invalid):
    """Nothing is called {field}. There are: {known}."""


def selected_keys(definitions: dg.Definitions, select: str) -> Sequence[dg.AssetKey]:
    """Keys named by a list of `layer/entity`, `layer/*` or `group:name`, with + before or after for its neighbours.

    Example: `marts/daily_store_metrics+,group:cohorts`. UnknownSelection names the first part that fits nothing.
    """
    graph = definitions.resolve_asset_graph()
    found: set[dg.AssetKey] = set()
    for part in filter(None, (each.strip() for each in select.split(","))):
        name = part.strip("+")
        keys = {key for key in graph.get_all_asset_keys() if _fits(graph.get(key).group_name, key, name)}
        if not keys:
            known = ", ".join(sorted(key.to_user_string() for key in graph.get_all_asset_keys()))
            raise UnknownSelection(field=part, known=known)
        selection = dg.AssetSelection.assets(*keys)
        upstream = selection.upstream() if part.startswith("+") else selection
        downstream = selection.downstream() if part.endswith("+") else selection
        found |= (upstream | downstream).resolve(graph)
    # Tables that one step fills, as those of raw, are only filled together.
    return sorted(dg.AssetSelection.assets(*found).required_multi_asset_neighbors().resolve(graph))


def _fits(group: str, key: dg.AssetKey, name: str) -> bool:
    if name.startswith("group:"):
        return group == name.removeprefix("group:")
    layer, _, entity = name.partition("/")
    return key.path[0] == layer and entity in {"*", *key.path[1:]}
