"""Which meter began to err, and when: every hypothesis against every other, by Bayes' rule.

Without a drift each meter has a constant error within its class. A hypothesis adds to that: from block b on,
column j errs by a further fraction d, normal with mean 0. All is linear and normal, so the evidence of each
hypothesis has a closed form (a rank-one update of the posterior). The most convincing one joins the model,
and the search goes on for the next: two drifts at a time are two findings.
"""

import math
from dataclasses import dataclass

import numpy as np

from energy.domain import FloatArray
from energy.metering.gram import BLOCK_PERIODS, Gram, NodeRows, gram_of, inflation_of, rows_of
from energy.metering.nodes import Finding, MeterDrift, MeterRecord, Unbalanced

DRIFT_FRACTION_STD = 0.02
"""The size of drift that is looked for; the evidence depends on it weakly."""
UNMETERED_FRACTION_STD = 0.01
"""The same of a power that no meter sees, as a fraction of what flows through the node."""
OFFSET_FRACTION_STD = 0.0002
"""What is allowed to be missing all the time: standing losses, resolution of readings."""
PRIOR_DRIFT = 0.01
"""Probability that any meter of the region drifts within the window: some once in four years."""
POSTERIOR_MIN = 0.999
"""Of any drift against none; with the prior, evidence of a hundred thousand to one."""
SHARE_MIN = 0.95
"""Of one meter among all explanations; below it the node is named and not the meter."""
UNMETERED_FRACTION_MIN = 0.002
"""A missing power below this fraction of the node's flow is not worth an alarm."""
STEPS_MAX = 6
"""Errors found at the same time, those too small to tell included."""


Extra = tuple[int, int]
"""A column and the block from which on it errs further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """The most convincing hypothesis; ``meter_share`` is its column's among all, whenever it began."""

    column: int
    block: int
    column_share: float

    def extras(self, blocks: int) -> list[Extra]:
        """Begin a block early or late too: the true moment lies between blocks, and drifts may creep."""
        around = range(max(0, self.block - 1), min(blocks, self.block + 2))
        return [(self.column, block) for block in around]


def findings(record: MeterRecord) -> tuple[Finding, ...]:
    """Say which meters began to err beyond their class within the record, the most convincing first."""
    rows = rows_of(record)
    prior = _Prior.of(record)
    inflation = np.ones(len(rows))
    steps: list[_Step] = []
    for steps_max in (2, STEPS_MAX):
        gram = gram_of(rows, columns=prior.variance.size, inflation=inflation)
        steps, model = _searched(gram, prior, steps_max=steps_max)
        inflation = np.array([inflation_of(node, model.rest_kw(node)) for node in rows])
    return tuple(_told(record, rows, steps, model))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Prior:
    """Variances of the constant errors and of the steps, shape (columns,): meters first, then nodes."""

    variance: FloatArray
    step_variance: FloatArray

    @staticmethod
    def of(record: MeterRecord) -> "_Prior":
        limits = np.array(list(record.limit_fraction.values()))
        nodes = len(record.nodes)
        steps = [DRIFT_FRACTION_STD] * limits.size + [UNMETERED_FRACTION_STD] * nodes
        constant = np.concatenate([limits / 2.0, np.full(nodes, OFFSET_FRACTION_STD)])
        return _Prior(variance=constant**2, step_variance=np.array(steps) ** 2)


class _Model:
    """The posterior of all constant errors and of the steps found so far."""

    def __init__(self, gram: Gram, prior: _Prior, extras: list[Extra]) -> None:
        columns = prior.variance.size
        self._gram, self._prior, self._extras = gram, prior, extras
        blocks = np.arange(gram.products.shape[0])
        added = [gram.products[np.maximum(blocks, block), :, column] for column, block in extras]
        self._cross = np.concatenate([gram.products, *(part[:, :, None] for part in added)], axis=2)
        precision = np.diag(
            1.0 / np.append(prior.variance, [prior.step_variance[column] for column, _ in extras])
        )
        precision[:columns] += self._cross[0]
        response = list(gram.responses[0])
        for place, (column, block) in enumerate(extras, columns):
            precision[place] += self._cross[block, column]
            response.append(gram.responses[block, column])
        self.covariance = np.linalg.inv((precision + precision.T) / 2.0)
        self.mean = self.covariance @ np.array(response)

    def log_evidence(self) -> FloatArray:
        """Of a further step in each (block, column) against none: log Bayes factors."""
        own = np.diagonal(self._gram.products, axis1=1, axis2=2)
        score = self._gram.responses - self._cross @ self.mean
        left = np.maximum(0.0, own - ((self._cross @ self.covariance) * self._cross).sum(axis=2))
        grown = 1.0 + self._prior.step_variance * left
        evidence: FloatArray = 0.5 * (self._prior.step_variance * score**2 / grown - np.log(grown))
        return evidence

    def step_of(self, column: int) -> tuple[float, float]:
        """Give the size of a column's step and its standard error, fractions."""
        columns = self._prior.variance.size
        chosen = np.array([0.0] * columns + [float(extra[0] == column) for extra in self._extras])
        return float(chosen @ self.mean), math.sqrt(float(chosen @ self.covariance @ chosen))

    def rest_kw(self, node: NodeRows) -> FloatArray:
        """What of a node's residual the model does not explain."""
        columns = self._prior.variance.size
        errors = np.repeat(self.mean[node.columns, None], node.residual_kw.size, axis=1)
        for place, (column, block) in enumerate(self._extras, columns):
            errors[node.columns == column, block * BLOCK_PERIODS :] += self.mean[place]
        rest_kw: FloatArray = node.residual_kw - (errors * node.regressor_kw).sum(axis=0)
        return rest_kw


def _searched(gram: Gram, prior: _Prior, *, steps_max: int) -> tuple[list[_Step], _Model]:
    """Add the most convincing step until none convinces."""
    steps: list[_Step] = []
    extras: list[Extra] = []
    model = _Model(gram, prior, extras)
    while len(steps) < steps_max:
        step = _best(model.log_evidence(), taken=[step.column for step in steps])
        if step is None:
            break
        steps.append(step)
        extras = [*extras, *step.extras(gram.products.shape[0])]
        model = _Model(gram, prior, extras)
    return steps, model


def _best(log_evidence: FloatArray, *, taken: list[int]) -> _Step | None:
    """All columns and beginnings are equally probable beforehand; a column errs once."""
    log_evidence[:, taken] = -np.inf
    top = float(log_evidence.max())
    relative = np.exp(log_evidence - top)
    log_odds = top + math.log(relative.mean()) + math.log(PRIOR_DRIFT / (1.0 - PRIOR_DRIFT))
    if log_odds < math.log(POSTERIOR_MIN / (1.0 - POSTERIOR_MIN)):
        return None
    by_column = relative.sum(axis=0) / relative.sum()
    column = int(by_column.argmax())
    return _Step(
        column=column, block=int(log_evidence[:, column].argmax()), column_share=float(by_column[column])
    )


def _told(
    record: MeterRecord, rows: list[NodeRows], steps: list[_Step], model: _Model
) -> list[MeterDrift | Unbalanced]:
    """Tell of the steps that matter; a node is told of only where none of its meters is."""
    meter_ids = list(record.limit_fraction)
    drifts: list[MeterDrift] = []
    unbalanced: dict[str, Unbalanced] = {}
    for step in steps:
        size, size_se = model.step_of(step.column)
        since = step.block * BLOCK_PERIODS
        place = _place_of(record, step.column)
        node_id = record.nodes[place].meter_id
        if step.column < len(meter_ids):
            meter_id = meter_ids[step.column]
            if abs(size) < record.limit_fraction[meter_id]:
                continue
            if step.column_share >= SHARE_MIN:
                drifts.append(
                    MeterDrift(
                        meter_id=meter_id,
                        node_id=node_id,
                        # of what it read, 1 + d times the truth: d / (1 + d) was estimated
                        error_fraction=size / (1.0 - size),
                        error_fraction_se=size_se / (1.0 - size) ** 2,
                        since_period=since,
                    )
                )
                continue
        elif abs(size) < UNMETERED_FRACTION_MIN:
            continue
        row = list(rows[place].columns).index(step.column)
        sized_kw = float(rows[place].regressor_kw[row, since:].mean())
        unbalanced.setdefault(
            node_id,
            Unbalanced(
                node_id=node_id,
                size_kw=size * sized_kw,
                size_kw_se=size_se * abs(sized_kw),
                since_period=since,
            ),
        )
    named = {drift.node_id for drift in drifts}
    return [*drifts, *(one for node_id, one in unbalanced.items() if node_id not in named)]


def _place_of(record: MeterRecord, column: int) -> int:
    """Give the node to which a column belongs; a feeder's meter to the feeder, not to the busbar."""
    meters = len(record.limit_fraction)
    if column >= meters:
        return column - meters
    meter_id = list(record.limit_fraction)[column]
    own = [place for place, node in enumerate(record.nodes) if node.meter_id == meter_id]
    member = [place for place, node in enumerate(record.nodes) if meter_id in node.member_ids]
    return (own or member)[0]
