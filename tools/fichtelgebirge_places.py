"""What stands in the shipped region ``fichtelgebirge``: municipalities, parks and fleets, all invented."""

from collections.abc import Mapping
from dataclasses import dataclass

from tools.make_musterstadt import Fleet


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A municipality: its mean load, its roofs, and of which customers its load is mixed."""

    name: str
    load_kw_mean: float
    roof_kw_rated: float
    mix: str
    turn_quarters: int
    """How much later than a roof to the south its roofs give: to the west positive."""
    simbench_fraction: float = 0.0
    """Of its roofs' series, for clouds of its own."""


MIXES: Mapping[str, Mapping[str, float]] = {
    "town": {"country": 0.45, "commercial": 0.30, "business": 0.25},
    "village": {"country": 0.40, "household": 0.35, "semiurban": 0.25},
    "farming": {"country": 0.40, "farm": 0.30, "household": 0.20, "semiurban": 0.10},
    "industry": {"country": 0.40, "shifts": 0.30, "business": 0.20, "commercial": 0.10},
}

PLACES = (
    Place(name="granitstadt", load_kw_mean=5200, roof_kw_rated=3600, mix="town", turn_quarters=0),
    Place(
        name="hammerwehr",
        load_kw_mean=1200,
        roof_kw_rated=1000,
        mix="industry",
        turn_quarters=1,
        simbench_fraction=0.15,
    ),
    Place(name="nebelkopf", load_kw_mean=700, roof_kw_rated=800, mix="village", turn_quarters=-1),
    Place(
        name="rauhwiesen",
        load_kw_mean=800,
        roof_kw_rated=1000,
        mix="farming",
        turn_quarters=0,
        simbench_fraction=0.15,
    ),
    Place(name="schneebuch", load_kw_mean=1000, roof_kw_rated=1000, mix="village", turn_quarters=2),
    Place(
        name="luchsbrunn",
        load_kw_mean=900,
        roof_kw_rated=1000,
        mix="village",
        turn_quarters=-2,
        simbench_fraction=0.15,
    ),
    Place(name="auerhahnried", load_kw_mean=700, roof_kw_rated=900, mix="farming", turn_quarters=0),
    Place(name="beerenschlag", load_kw_mean=900, roof_kw_rated=900, mix="village", turn_quarters=1),
    Place(name="tannquell", load_kw_mean=1500, roof_kw_rated=1300, mix="town", turn_quarters=-1),
    Place(
        name="fichtelsand",
        load_kw_mean=1000,
        roof_kw_rated=1000,
        mix="farming",
        turn_quarters=2,
        simbench_fraction=0.15,
    ),
    Place(name="porzellanau", load_kw_mean=2400, roof_kw_rated=2000, mix="industry", turn_quarters=0),
    Place(
        name="kalkofenau",
        load_kw_mean=1200,
        roof_kw_rated=1100,
        mix="industry",
        turn_quarters=-2,
        simbench_fraction=0.15,
    ),
    Place(name="siebenlaerchen", load_kw_mean=700, roof_kw_rated=800, mix="village", turn_quarters=1),
    Place(name="glasschleif", load_kw_mean=3200, roof_kw_rated=2400, mix="industry", turn_quarters=0),
    Place(
        name="zinnhuetten",
        load_kw_mean=2000,
        roof_kw_rated=1600,
        mix="town",
        turn_quarters=-1,
        simbench_fraction=0.15,
    ),
    Place(name="quellmoos", load_kw_mean=900, roof_kw_rated=900, mix="farming", turn_quarters=2),
    Place(name="blockmeer", load_kw_mean=700, roof_kw_rated=700, mix="village", turn_quarters=0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """A wind or solar park. ``later_quarters`` moves its series, ``simbench`` names what is mixed in."""

    name: str
    power_kw_rated: float
    later_quarters: int = 0
    gust: float
    """Size of its own seeded fluctuation, as a fraction of what it yields."""
    simbench: str = ""
    simbench_fraction: float = 0.0


WIND_PARKS = (
    Park(name="wind_nebelkopf", power_kw_rated=12_000, gust=0.10),
    Park(name="wind_luchsbrunn", power_kw_rated=12_000, gust=0.10, later_quarters=3),
    Park(
        name="wind_tannquell",
        power_kw_rated=9_000,
        gust=0.12,
        later_quarters=-2,
        simbench="semiurban_wind",
        simbench_fraction=0.25,
    ),
    Park(
        name="wind_kalkofenau",
        power_kw_rated=6_000,
        gust=0.14,
        later_quarters=1,
        simbench="commercial_wind",
        simbench_fraction=0.30,
    ),
)

SOLAR_PARKS = (
    Park(name="pv_park_schneebuch", power_kw_rated=3_000, gust=0.10),
    Park(name="pv_park_beerenschlag", power_kw_rated=4_000, gust=0.10, later_quarters=-1),
    Park(name="pv_park_fichtelsand", power_kw_rated=4_500, gust=0.10, later_quarters=1),
    Park(name="pv_park_siebenlaerchen", power_kw_rated=3_500, gust=0.12),
    Park(name="pv_park_glasschleif", power_kw_rated=10_000, gust=0.08),
    Park(name="pv_park_zinnhuetten", power_kw_rated=8_000, gust=0.10, later_quarters=2),
)

FLEETS: Mapping[str, tuple[Fleet, ...]] = {
    "ev_granitstadt_kw": (
        Fleet(column="pu_hls_b_11_0", power_kw_rated=11.0, vehicles=480),
        Fleet(column="pu_apls_a_22_0", power_kw_rated=22.0, vehicles=440),
        Fleet(column="pu_apls_a_50_0", power_kw_rated=50.0, vehicles=400),
    ),
    "ev_glasschleif_kw": (
        Fleet(column="pu_hls_b_11_0", power_kw_rated=11.0, vehicles=520),
        Fleet(column="pu_apls_a_11_0", power_kw_rated=11.0, vehicles=480),
        Fleet(column="pu_apls_a_22_0", power_kw_rated=22.0, vehicles=320),
    ),
    "ev_porzellanau_kw": (
        Fleet(column="pu_hls_a_3_7", power_kw_rated=3.7, vehicles=320),
        Fleet(column="pu_hls_b_11_0", power_kw_rated=11.0, vehicles=400),
        Fleet(column="pu_apls_a_11_0", power_kw_rated=11.0, vehicles=320),
    ),
    "ev_tannquell_kw": (
        Fleet(column="pu_hls_a_3_7", power_kw_rated=3.7, vehicles=280),
        Fleet(column="pu_hls_b_11_0", power_kw_rated=11.0, vehicles=300),
        Fleet(column="pu_apls_a_50_0", power_kw_rated=50.0, vehicles=240),
    ),
}
