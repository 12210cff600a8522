"""Boosted regression trees as plain arrays: fitted by scikit-learn, evaluated and stored without it.

A stored model is numbers only, so loading it executes nothing, and evaluating a few hundred rows costs
milliseconds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from energy.domain import FloatArray
from energy.forecast.learned.effort import Effort

DEPTH_MAX = 7
BINS = 64
SAMPLES_LEAF_MIN = 40
TREES_MIN = 20
L2 = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trees:
    """A sum of trees; node arrays have shape (trees * nodes,), a leaf points to itself."""

    baseline: float
    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: FloatArray
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coded:
    """Features cut into parts: ``codes`` (samples, features) are the parts' numbers, NaN where missing."""

    codes: FloatArray
    edges: list[FloatArray]


def coded(rows: FloatArray) -> Coded:
    """Cut ``rows`` (samples, features; NaN is a value of its own) into parts."""
    edges = [_edges(column) for column in rows.T]
    codes = np.column_stack([_codes(column, edge) for column, edge in zip(rows.T, edges, strict=True)])
    return Coded(codes=codes, edges=edges)


def fit_trees(rows: Coded, target: FloatArray, weight: FloatArray, effort: Effort) -> Trees:
    """Fit trees with squared error; ``target`` and ``weight`` have shape (samples,)."""
    stages, baselines = [], []
    for draw in range(effort.draws):
        estimator = HistGradientBoostingRegressor(
            max_iter=min(effort.trees_max, max(TREES_MIN, target.size // effort.samples_a_tree)),
            learning_rate=effort.learning_rate,
            max_depth=DEPTH_MAX,
            max_leaf_nodes=effort.leaves_max,
            min_samples_leaf=SAMPLES_LEAF_MIN,
            l2_regularization=L2,
            max_features=0.5,
            early_stopping=False,
            random_state=draw,
        )
        estimator.fit(rows.codes, target, sample_weight=weight)
        # scikit-learn offers no public view of its nodes; a test compares our evaluation with its own.
        stages += [stage[0].nodes for stage in estimator._predictors]  # noqa: SLF001 - no public view
        baselines.append(np.asarray(estimator._baseline_prediction).item())  # noqa: SLF001 - no public view
    return _flatten(stages, float(np.mean(baselines)), rows.edges, share=1.0 / effort.draws)


def evaluate(trees: Trees, rows: FloatArray) -> FloatArray:
    """Evaluate the sum of trees for each row, shape (samples,)."""
    columns = np.ascontiguousarray(rows.T)
    flat, samples = columns.ravel(), rows.shape[0]
    where = np.arange(samples)[:, None]
    node = np.broadcast_to(trees.roots, (samples, trees.roots.size)).copy()
    for _ in range(DEPTH_MAX):
        x = flat[trees.feature[node] * samples + where]
        go_left = (x <= trees.threshold[node]) | (np.isnan(x) & trees.missing_left[node])
        node = np.where(go_left, trees.left[node], trees.right[node])
    result: FloatArray = trees.baseline + trees.value[node].sum(axis=1)
    return result


def _edges(column: FloatArray) -> FloatArray:
    """Cut a feature's range into at most BINS parts that hold alike many samples."""
    known = column[np.isfinite(column)]
    if known.size == 0:
        return np.zeros(1)
    distinct = np.unique(known)
    if distinct.size <= BINS:
        return distinct
    return np.unique(np.quantile(known, np.linspace(0.0, 1.0, BINS + 1)[1:]))


def _codes(column: FloatArray, edges: FloatArray) -> FloatArray:
    """Replace each value by its part's number, so that scikit-learn need not bin again (its way is slow)."""
    codes = np.minimum(np.searchsorted(edges, column), edges.size - 1).astype(np.float64)
    known = np.isfinite(column)
    if not known.any():
        # scikit-learn cannot bin a column of nothing; one that is the same throughout is never split on
        return np.zeros(column.size)
    return np.where(known, codes, np.nan)


def _flatten(
    stages: list[NDArray[np.void]], baseline: float, edges: list[FloatArray], *, share: float
) -> Trees:
    sizes = [nodes.size for nodes in stages]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    shift = np.repeat(roots, sizes)
    nodes = np.concatenate(stages)
    leaf = nodes["is_leaf"].astype(bool)
    own = np.arange(nodes.size, dtype=np.int32)
    return Trees(
        baseline=baseline,
        roots=roots,
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int32),
        threshold=_thresholds(nodes, leaf, edges),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        left=np.where(leaf, own, nodes["left"] + shift).astype(np.int32),
        right=np.where(leaf, own, nodes["right"] + shift).astype(np.int32),
        value=np.where(leaf, share * nodes["value"], 0.0).astype(np.float64),
    )


def _thresholds(nodes: NDArray[np.void], leaf: NDArray[np.bool_], edges: list[FloatArray]) -> FloatArray:
    """Turn a split between two parts' numbers back into the value at their edge."""
    widest = max(edge.size for edge in edges)
    table = np.full((len(edges), widest), np.inf)
    for row, edge in zip(table, edges, strict=True):
        row[: edge.size] = edge
    part = np.where(leaf, 0.0, np.floor(np.minimum(nodes["num_threshold"], float(widest)))).astype(np.int64)
    feature = np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64)
    beyond = part >= widest - 1
    return np.where(leaf, 0.0, np.where(beyond, np.inf, table[feature, np.minimum(part, widest - 1)]))
