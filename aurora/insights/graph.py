"""Dependencies as a graph: who is around a node, what rests on it, what runs in a circle, what most rests on.

An edge says that `from_id` rests on `to_id`, as the mart graph_edges tells it. Every function takes a frame with these
two columns, whatever else is in it; doubled edges, edges of a node to itself and circles do no harm. Names that no edge
has are nodes without neighbours. All is linear in the edges: 20,000 of them take some tens of milliseconds.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import polars as pl

Direction = Literal["up", "down", "both"]
Neighbours = Mapping[str, Sequence[str]]


def around(edges: pl.DataFrame, start: str, hops: int | None = None, direction: Direction = "both") -> dict[str, int]:
    """The nodes within that many hops of `start` (None = however far), with their distance; `start` itself is 0.

    "down" is what it rests on, "up" is what rests on it. "both" are these two together: what shares a dependency with
    `start` is not around it. Nearest first, by name within a distance.
    """
    found: dict[str, int] = {}
    if direction != "up":
        found |= _walk(_neighbours(edges, "from_id", "to_id"), start, hops)
    if direction != "down":
        for node, distance in _walk(_neighbours(edges, "to_id", "from_id"), start, hops).items():
            found[node] = min(distance, found.get(node, distance))
    return dict(sorted(found.items(), key=lambda item: (item[1], item[0])))


def impact(edges: pl.DataFrame, node: str) -> dict[str, int]:
    """All that rests on the node, directly or through others, with the number of hops; the node itself left out."""
    reached = around(edges, node, direction="up")
    return {other: distance for other, distance in reached.items() if other != node}


def cycles(edges: pl.DataFrame) -> list[list[str]]:
    """Groups of nodes that all rest on each other, each sorted, largest first; a node that rests on itself is one.

    These are the strongly connected components, found as by Kosaraju (Sharir 1981).
    """
    loops = set(edges.filter(pl.col("from_id") == pl.col("to_id"))["from_id"])
    found = [sorted(group) for group in _groups(edges) if len(group) > 1 or group[0] in loops]
    return sorted(found, key=lambda group: (-len(group), group))


def resting(edges: pl.DataFrame, who: Collection[str]) -> dict[str, int]:
    """Node -> how many of `who` (say, the applications) rest on it, directly or through others; most first.

    One is not counted as resting on itself; nodes on which none rests are left out.
    """
    bit = {name: 1 << number for number, name in enumerate(sorted(who))}
    after = _neighbours(edges, "from_id", "to_id")
    # Sets of names as bits of a whole number, handed on from group to group: a group comes before all it rests on.
    masks: dict[str, int] = defaultdict(int)
    for group in _groups(edges):
        mask = 0
        for node in group:
            mask |= masks[node] | bit.get(node, 0)
        for node in group:
            masks[node] |= mask
            for other in after.get(node, ()):
                masks[other] |= mask
    counts = {node: (mask & ~bit.get(node, 0)).bit_count() for node, mask in masks.items()}
    return dict(sorted(((n, c) for n, c in counts.items() if c), key=lambda item: (-item[1], item[0])))


def with_direct(edges: pl.DataFrame, starts: Iterable[str], most: int | None = None) -> list[str]:
    """The starts in their order, each followed by what it rests on directly; every node once.

    It ends before the start with which there would be more than `most` nodes, so that none lacks a dependency; the
    first one alone may have more.
    """
    after = _neighbours(edges, "from_id", "to_id")
    found: dict[str, None] = {}
    for start in starts:
        fresh = [node for node in (start, *after.get(start, ())) if node not in found]
        if most is not None and found and len(found) + len(set(fresh)) > most:
            break
        found |= dict.fromkeys(fresh)
    return list(found)


def _walk(after: Neighbours, start: str, hops: int | None) -> dict[str, int]:
    """Breadth first from start: node -> distance."""
    found, edge, distance = {start: 0}, [start], 0
    while edge and (hops is None or distance < hops):
        distance += 1
        edge = list(dict.fromkeys(other for node in edge for other in after.get(node, ()) if other not in found))
        found |= dict.fromkeys(edge, distance)
    return found


def _neighbours(edges: pl.DataFrame, start: str, end: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for one, other in zip(edges[start].to_list(), edges[end].to_list(), strict=True):
        found[one].append(other)
    return dict(found)


def _groups(edges: pl.DataFrame) -> list[list[str]]:
    """The strongly connected components, each before all those that it rests on."""
    before = _neighbours(edges, "to_id", "from_id")
    left = set(edges["from_id"]) | set(edges["to_id"])
    groups = []
    for root in reversed(_finished(_neighbours(edges, "from_id", "to_id"))):
        if root not in left:
            continue
        left.discard(root)
        group = [root]
        for node in group:  # grows while it is walked
            fresh = [other for other in dict.fromkeys(before.get(node, ())) if other in left]
            left.difference_update(fresh)
            group += fresh
        groups.append(group)
    return groups


def _finished(after: Neighbours) -> list[str]:
    """All nodes in the order in which a walk depth first is through with them; without recursion, for long chains."""
    order: list[str] = []
    seen: set[str] = set()
    for root in after:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(after[root]))]
        while stack:
            node, rest = stack[-1]
            fresh = next((other for other in rest if other not in seen), None)
            if fresh is None:
                order.append(node)
                stack.pop()
            else:
                seen.add(fresh)
                stack.append((fresh, iter(after.get(fresh, ()))))
    return order
