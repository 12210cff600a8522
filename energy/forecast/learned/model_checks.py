"""Whether the numbers of a model from a file can be asked: shapes, ranges, and trees that end."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from energy.domain import QUANTILES
from energy.forecast.frame import frame_of
from energy.forecast.learned.band import LEAD_EDGES_H, Band
from energy.forecast.learned.conformal import Needed
from energy.forecast.learned.features import rows_of
from energy.forecast.learned.model import NEAR_CLASSES, Model, Ridge, learned_deviation
from energy.forecast.learned.trees import Trees
from energy.forecast.series import History, Prior, SeriesSpec

NUMBER_MAX = 1e9
"""Deviations are in units of the scale: nothing learned comes near this, and sums of such stay finite."""
SPREAD_MIN = 1e-12
"""The least spread that the training leaves standing (``energy.forecast.learned.model``)."""
COUNT_MAX = 10**11
"""Seconds since 1970 reach the year 5138."""
NEEDED_MAX = 100_000
NODES_MAX = 100_000
COLUMNS_MAX = 40
STEPS_S = frozenset({300, 600, 900, 1800, 3600})
PRIOR_MARK = "| prior"
"""What a model's columns hold if it was learned beside a prior."""
_REHEARSAL_DAYS = 9
_REHEARSAL_AT = datetime(2024, 1, 15, tzinfo=UTC)


def faults_of(model: Model, spec: SeriesSpec) -> list[str]:
    """List what makes a model unusable for a series; an empty list says that it can be asked."""
    found = list(_faults(model))
    return found if found else list(_faults_in_rehearsal(model, spec))


def _faults(model: Model) -> Iterator[str]:
    if model.step_s not in STEPS_S:
        yield f"step_s is {model.step_s}"
    if model.columns.count("|") != 1 or len(model.columns) > COLUMNS_MAX:
        yield "columns that no history has"
    if not (0.0 <= model.ridge_share <= 1.0 and 0.0 <= model.trees_share <= 1.0):
        yield "a share outside 0 to 1"
    if model.near_shares.shape != (NEAR_CLASSES,) or not _within(model.near_shares, 0.0, 1.0):
        yield "near_shares"
    yield from _numbers(model, "model")
    yield from _of_ridge(model.ridge)
    yield from _of_trees(model.trees)
    yield from _of_band(model.band)
    yield from _of_needed(model.needed)


def _numbers(part: object, name: str) -> Iterator[str]:
    """Every number is finite and of a size that can be reckoned with; a threshold may be endless."""
    if is_dataclass(part):
        for entry in fields(part):
            yield from _numbers(getattr(part, entry.name), f"{name}.{entry.name}")
    elif isinstance(part, np.ndarray) and part.dtype.kind == "f":
        endless = name.endswith("threshold")
        if np.isnan(part).any() or not (endless or _within(part, -NUMBER_MAX, NUMBER_MAX)):
            yield f"{name} holds numbers that nothing can have taught"
    elif isinstance(part, np.ndarray) and part.dtype.kind == "i" and not _within(part, -COUNT_MAX, COUNT_MAX):
        yield f"{name} holds numbers that count nothing"
    elif isinstance(part, float) and not -NUMBER_MAX <= part <= NUMBER_MAX:
        yield f"{name} holds a number that nothing can have taught"
    elif isinstance(part, tuple):
        for number, item in enumerate(part):
            yield from _numbers(item, f"{name}[{number}]")


def _of_ridge(ridge: Ridge) -> Iterator[str]:
    shapes = {ridge.mean.shape, ridge.spread.shape, ridge.weight.shape}
    if len(shapes) != 1 or ridge.mean.ndim != 1:
        yield "the ridge's arrays differ in length"
    elif not _within(ridge.spread, SPREAD_MIN, NUMBER_MAX):
        yield "a spread of nothing"
    if not ridge.low <= ridge.high:
        yield "the ridge's range is upside down"


def _of_trees(trees: Trees) -> Iterator[str]:
    nodes = trees.feature.size
    arrays = (trees.feature, trees.threshold, trees.missing_left, trees.left, trees.right, trees.value)
    if any(array.shape != (nodes,) for array in arrays) or trees.roots.ndim != 1:
        yield "the trees' arrays differ in length"
        return
    if not 0 < nodes <= NODES_MAX or not 0 < trees.roots.size <= nodes:
        yield f"{nodes} nodes of {trees.roots.size} trees"
        return
    if not _within(trees.roots, 0, nodes - 1) or (np.diff(trees.roots) <= 0).any():
        yield "a root outside the trees"
    if not (_within(trees.left, 0, nodes - 1) and _within(trees.right, 0, nodes - 1)):
        yield "a branch that leads outside"
    own = np.arange(nodes)
    leaf = (trees.left == own) & (trees.right == own)
    if not (leaf | ((trees.left > own) & (trees.right > own))).all():
        yield "a branch that leads back"
    if not _within(trees.feature, 0, NODES_MAX):
        yield "a feature below zero"


def _of_band(band: Band) -> Iterator[str]:
    levels = band.level_edges.size + 1
    wanted = {
        "by_hour": (band.by_hour, (24,)),
        "by_lead": (band.by_lead, (len(LEAD_EDGES_H) + 1,)),
        "by_level": (band.by_level, (levels,)),
        "by_day_off": (band.by_day_off, (3,)),
        "level_edges": (band.level_edges, (levels - 1,)),
        "quantiles": (band.quantiles, (levels, len(QUANTILES))),
    }
    for name, (array, shape) in wanted.items():
        if array.shape != shape:
            yield f"the band's {name} has shape {array.shape}, not {shape}"
        elif name.startswith("by_") and not _within(array, 0.0, NUMBER_MAX):
            yield f"the band's {name} holds a factor below zero"
    if band.size < 0.0 or (np.diff(band.level_edges) < 0.0).any():
        yield "the band's levels are out of order"


def _of_needed(needed: Needed) -> Iterator[str]:
    shapes = {needed.at_s.shape, needed.outer.shape, needed.inner.shape}
    if len(shapes) != 1 or needed.at_s.ndim != 1 or needed.at_s.size > NEEDED_MAX:
        yield "the band's record of what it needed differs in length"
    elif not (_within(needed.outer, 0.0, NUMBER_MAX) and _within(needed.inner, 0.0, NUMBER_MAX)):
        yield "the band needed less than nothing"


def _faults_in_rehearsal(model: Model, spec: SeriesSpec) -> Iterator[str]:
    """Ask the model about invented days: what does not fit our features shows here, not in operation."""
    slots = 86_400 // model.step_s
    known, periods = (_REHEARSAL_DAYS - 1) * slots, _REHEARSAL_DAYS * slots
    course = 1.0 + np.sin(np.arange(periods) * (2.0 * np.pi / slots)) ** 2
    split = model.columns.index("|")
    past = [name for name in model.columns[split + 1 :] if name != PRIOR_MARK]
    history = History(
        start=_REHEARSAL_AT - timedelta(days=_REHEARSAL_DAYS - 1),
        value=course[:known],
        step_s=model.step_s,
        known_ahead=dict.fromkeys(model.columns[:split], course),
        past=dict.fromkeys(past, course[:known]),
        prior=Prior(name="profile", expected=course) if PRIOR_MARK in model.columns else None,
    )
    frame = frame_of(spec, history, known=known, periods=periods)
    index = np.arange(known, periods, dtype=np.int64)
    gate = np.full(index.size, known, dtype=np.int64)
    rows = rows_of(frame, index, gate, near=model.near)
    if model.ridge.mean.size != rows.linear.shape[1]:
        yield f"its ridge knows {model.ridge.mean.size} features, ours are {rows.linear.shape[1]}"
    elif int(model.trees.feature.max()) >= rows.full.shape[1]:
        yield "its trees ask for a feature that is none"
    elif not np.isfinite(learned_deviation(model, frame, index, gate)).all():
        yield "its answers are no numbers"


def _within(array: np.ndarray, low: float, high: float) -> bool:
    return bool(((array >= low) & (array <= high)).all())
