"""What is expected of an asset before anything is learned from it."""

from energy.forecast.physical.expected import PhysicalPriors
from energy.forecast.series import History, Prior
from energy.planning.past import Expected
from energy.planning.physical_prior import physical_prior
from energy.planning.profile_prior import profile_prior
from energy.region.model import Region
from energy.region.pv import Pv
from energy.region.wind import Wind


def prior_of(region: Region, asset: Expected, history: History, *, priors: PhysicalPriors) -> Prior | None:
    """Say what physics or a standard profile expects; None where nothing is known but the asset's past.

    ``history`` is only looked at for its grid and for what is known ahead; ``priors`` keeps what physics
    worked out before.
    """
    match asset:
        case Pv() | Wind():
            return physical_prior(region, asset, history, priors)
        case _:
            return profile_prior(region, asset, history)
