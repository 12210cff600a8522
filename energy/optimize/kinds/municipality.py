"""A municipality: what its members exchange together, within soft limits, whatever feeders they stand on."""

from energy.optimize.items import MunicipalityFlow
from energy.optimize.kinds.feeder import BINDING, BREACHES, build, parameters
from energy.optimize.kinds.kind import Carrier, Kind

MUNICIPALITY: Kind[MunicipalityFlow] = Kind(
    name="municipality",
    build=build,
    parameters=parameters,
    balance_sign=-1.0,
    balances=(("power_kw", Carrier.OWN),),
    binding=BINDING,
    breaches=BREACHES,
)
