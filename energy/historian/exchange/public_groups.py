"""Which groups of metering points may be shown to everybody so that nobody's own series follows from them.

Two tables are shown, by kind and by municipality, and both add up to the same total. So a group with too few
meters is hidden twice over: it is merged with another (primary and secondary suppression), and no difference
between groups of one table and groups of the other leaves fewer meters than the minimum.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

OTHER = "other"
KIND_GROUPS_MAX = 12
"""Every choice of them is looked at, 4,096 at most; what is beyond is merged, the smallest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributor:
    """An asset that adds to public sums; ``meters`` None is not known, which counts as one."""

    asset_id: str
    kind: str
    municipality: str
    meters: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicGroup:
    """Assets whose sum may be shown; ``name`` is a kind, a municipality, OTHER or "all"."""

    by: str
    name: str
    asset_ids: frozenset[str]
    meters: int


def public_groups(contributors: Sequence[Contributor], meters_min: int) -> tuple[PublicGroup, ...]:
    """Give what may be shown: the total, then groups by kind and by municipality.

    Nothing at all where the total itself has too few meters. A table with one group is the total once more
    and is left out.
    """
    meters = {item.asset_id: 1 if item.meters is None else item.meters for item in contributors}
    everything = frozenset(meters)
    if not everything or _count(everything, meters) < meters_min:
        return ()
    kinds = _merged(_grouped({item.asset_id: item.kind for item in contributors}), meters, meters_min)
    while len(kinds) > KIND_GROUPS_MAX:
        kinds = _with_smallest_in_other(kinds, meters)
    places = _merged(
        _grouped({item.asset_id: item.municipality for item in contributors}), meters, meters_min
    )
    while _reveals(kinds, places, meters, meters_min):
        places = _with_smallest_in_other(places, meters)
    shown = [PublicGroup(by="all", name="all", asset_ids=everything, meters=_count(everything, meters))]
    for by, groups in (("kind", kinds), ("municipality", places)):
        if len(groups) > 1:
            shown.extend(
                PublicGroup(by=by, name=name, asset_ids=assets, meters=_count(assets, meters))
                for name, assets in groups.items()
            )
    return tuple(shown)


_Groups = Mapping[str, frozenset[str]]


def _grouped(names: Mapping[str, str]) -> _Groups:
    groups: dict[str, set[str]] = {}
    for asset_id, name in names.items():
        groups.setdefault(name, set()).add(asset_id)
    return {name: frozenset(assets) for name, assets in sorted(groups.items())}


def _merged(groups: _Groups, meters: Mapping[str, int], meters_min: int) -> _Groups:
    """Merge groups with too few meters, and more until two at least are merged and enough together."""
    small = [name for name, assets in groups.items() if _count(assets, meters) < meters_min]
    if not small:
        return groups
    shown = {name: assets for name, assets in groups.items() if name not in small}
    other = frozenset(chain.from_iterable(groups[name] for name in small))
    merged = len(small)
    while shown and (merged < 2 or _count(other, meters) < meters_min):
        name = _smallest(shown, meters)
        other |= shown.pop(name)
        merged += 1
    return {**shown, OTHER: other}


def _with_smallest_in_other(groups: _Groups, meters: Mapping[str, int]) -> _Groups:
    """Merge one more group into OTHER, or two where there is none yet."""
    left = dict(groups)
    other = left.pop(OTHER, frozenset())
    for _ in range(1 if other else 2):
        if left:
            other |= left.pop(_smallest(left, meters))
    return {**left, OTHER: other}


def _reveals(kinds: _Groups, places: _Groups, meters: Mapping[str, int], meters_min: int) -> bool:
    """Tell whether some kinds less the municipalities wholly inside them leave too few meters.

    The other way round is the same difference, seen from what is not chosen: both tables have one total.
    """
    for size in range(1, len(kinds)):
        for chosen in combinations(kinds.values(), size):
            union = frozenset(chain.from_iterable(chosen))
            inside = [place for place in places.values() if place <= union]
            left = union - frozenset(chain.from_iterable(inside))
            if left and _count(left, meters) < meters_min:
                return True
    return False


def _smallest(groups: _Groups, meters: Mapping[str, int]) -> str:
    return min(groups, key=lambda name: (_count(groups[name], meters), name))


def _count(assets: frozenset[str], meters: Mapping[str, int]) -> int:
    return sum(meters[asset_id] for asset_id in assets)
