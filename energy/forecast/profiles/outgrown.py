"""When a series has outgrown its standard profile."""

from dataclasses import replace

import numpy as np

from energy.forecast.series import History

PROFILE_DAYS = 10
"""So many measured days say more than a profile of other people: docs/forecasting.md has the figures."""


def is_outgrown(history: History) -> bool:
    """Tell whether enough was measured."""
    measured_s = np.count_nonzero(np.isfinite(history.value)) * history.step_s
    return bool(measured_s >= PROFILE_DAYS * 86_400)


def without_outgrown(history: History) -> History:
    """Leave a profile out that the history has outgrown; physics, which knows the weather, stays."""
    if history.prior is None or history.prior.name != "profile" or not is_outgrown(history):
        return history
    return replace(history, prior=None)
