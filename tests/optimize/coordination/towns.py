"""Regions of many towns, each with machines of its own, on feeders and a common grid point."""

from dataclasses import replace

import numpy as np

from energy.region.model import Network
from tests.optimize.conftest import NAME, Tiny


def towns(count, *, seed, periods, price_mean=0.08, proportional=False):
    """Give a region and a problem: each town with a load, a battery, and a CHP with its heat network.

    A CHP is as efficient at its least load as at its rated one where ``proportional``, else less so.
    """
    random = np.random.default_rng(seed)
    members, expected, states, heat, gas = [], {}, {}, [], []
    for town in range(count):
        feeder = f"feeder{town % 3}"
        network = f"heat{town}"
        heat.append(network)
        kw = float(np.round(random.uniform(100.0, 400.0), 1))
        members += [
            Tiny.asset("load", f"load{town}", feeder=feeder),
            Tiny.asset("battery", f"battery{town}", feeder=feeder, wear_eur_per_kwh=0.0),
            Tiny.asset(
                "chp",
                f"chp{town}",
                feeder=feeder,
                heat_network=network,
                power_kw_rated=kw,
                power_kw_least=0.5 * kw,
                heat_kw_rated=1.2 * kw,
                heat_kw_least=(0.6 if proportional else 0.7) * kw,
                fuel_kw_rated=2.6 * kw,
                fuel_kw_least=(1.3 if proportional else 1.4) * kw,
                fuel_eur_per_kwh=float(random.uniform(0.03, 0.06)),
                start_eur=float(random.uniform(1.0, 30.0)),
                uptime_h_min=0.25 * float(random.integers(1, 9)),
                downtime_h_min=0.25 * float(random.integers(1, 6)),
            ),
            Tiny.asset("boiler", f"boiler{town}", heat_network=network),
            Tiny.asset("heat_load", f"heat_load{town}", heat_network=network),
            Tiny.asset("heat_storage", f"heat_storage{town}", heat_network=network),
        ]
        expected[f"load{town}"] = random.uniform(50.0, 400.0, periods)
        expected[f"heat_load{town}"] = kw * random.uniform(0.2, 1.3, periods)
        states[f"battery{town}"] = {"energy_kwh": float(random.uniform(100.0, 900.0))}
        states[f"heat_storage{town}"] = {"energy_kwh": float(random.uniform(0.0, 2000.0))}
        states[f"chp{town}"] = {"running_s": 0.0, "standing_s": 86_400.0}
        if town % 3 == 0:
            gas.append(f"gas{town}")
            members += [
                Tiny.asset("electrolyser", f"electrolyser{town}", hydrogen_network=gas[-1]),
                Tiny.asset("hydrogen_storage", f"hydrogen{town}", hydrogen_network=gas[-1]),
            ]
            states[f"hydrogen{town}"] = {"energy_kwh": 800.0}
            states[f"electrolyser{town}"] = {"running_s": 7200.0, "standing_s": 0.0}
    flow_kw = float(random.uniform(300.0, 900.0)) * max(1, count // 3)
    members += [Tiny.asset("feeder", f"feeder{number}", power_kw_max=flow_kw) for number in range(3)]
    region = replace(
        Tiny.region(*members, import_surcharge_eur_per_kwh=0.02, capacity_charge_eur_per_kw_year=0.3),
        heat_networks=tuple(Network(id=name, name=NAME) for name in heat),
        hydrogen_networks=tuple(Network(id=name, name=NAME) for name in gas),
    )
    day = 0.05 * np.sin(np.arange(periods) * 2.0 * np.pi / 24.0)
    prices = price_mean + day + 0.03 * random.standard_normal(periods)
    return region, Tiny.problem(region, prices, expected_kw=expected, states=states, billed_peak_kw=200.0)
