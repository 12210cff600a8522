"""What to judge, on which file, from when to when; and every fault of such a wish at once."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from energy.errors import BadInput, Fault
from energy.forecast.calendar import Calendar, calendar_of, is_known_holiday_code
from energy.forecast.judging.backtest_prior import Geometry, with_prior
from energy.forecast.judging.backtest_profile import Year, with_profile
from energy.forecast.judging.imbalance_cost import eur_per_kwh_per_unit, kw_per_unit
from energy.forecast.judging.table import Table, read_table
from energy.forecast.reference import DAYS_BACK_MIN
from energy.forecast.series import CENTRE_OF_GERMANY, History, Kind, SeriesSpec

BERLIN = ZoneInfo("Europe/Berlin")
WARM_UP_DAYS = 10
"""Without ``start`` the first day judged is this far into the file: a week to compare with, and the gate."""
REACH_H_MAX = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestOptions:
    """What to judge, on what, from when to when.

    ``start`` is the first local day to judge, ``end`` the day past the last.

    ``features_known`` are columns known ahead for the whole next day at the gate; ``features_past`` become
    known with the target. ``operator`` is a published forecast to compare with; it is an input only if named
    in ``features_known`` too. ``kind`` None is read from the target's name, load where it says nothing.
    """

    data: Path
    target: str
    features_known: tuple[str, ...] = ()
    features_past: tuple[str, ...] = ()
    operator: str | None = None
    capacity_column: str | None = None
    zone: ZoneInfo = BERLIN
    holidays: str = ""
    location: tuple[float, float] = CENTRE_OF_GERMANY
    start: date | None = None
    end: date | None = None
    gate: time = time(12, 0)
    kind: Kind | None = None
    retrain_days: int = 28
    intraday: bool = False
    """Forecast the next ``reach_h`` hours every ``every_h`` hours of the day, counted from the gate."""
    every_h: int = 6
    reach_h: int = 48
    price: str | None = None
    """The day-ahead price, for the cost of error; the unit ends its name."""
    imbalance_price: str | None = None
    history_days: int | None = None
    """Each gate sees only so many last days of the target itself, as of a new asset; None shows all."""
    physical: bool = True
    """Whether physics gives its prior for PV and wind."""
    geometry: Geometry = field(default_factory=Geometry)
    year: Year = field(default_factory=Year)

    def columns(self) -> tuple[str, ...]:
        """Name the columns of the file that are read."""
        extra = (self.operator, self.capacity_column, self.price, self.imbalance_price)
        return (
            self.target,
            *self.features_known,
            *self.features_past,
            *(name for name in extra if name),
        )

    def fault(self, place: str, value: object, limit: str, mend: str) -> Fault:
        """Give a fault of these options."""
        return Fault(file=str(self.data), line=None, place=place, value=value, limit=limit, mend=mend)


def kind_of(target: str) -> Kind:
    """Guess the kind from a column's name.

    >>> kind_of("pv_mw"), kind_of("price_eur_per_mwh"), kind_of("netzlast_mw")
    ('pv', 'price', 'load')
    """
    words = set(target.lower().split("_"))
    by_word: dict[Kind, set[str]] = {
        "pv": {"pv", "solar", "photovoltaik"},
        "wind": {"wind", "vre"},
        "hydro": {"hydro", "wasserkraft"},
        "price": {"price", "preis"},
        "heat": {"heat", "waerme"},
        "temperature": {"temperature", "temperatur"},
        "ev_hub": {"ev", "charging"},
    }
    return next((kind for kind, marks in by_word.items() if words & marks), "load")


def spec_of(options: BacktestOptions) -> SeriesSpec:
    """Describe the series that is judged."""
    return SeriesSpec(
        asset_id=options.target,
        kind=options.kind or kind_of(options.target),
        zone=options.zone,
        holidays=options.holidays,
        location=options.location,
    )


def table_of(options: BacktestOptions) -> Table:
    """Read the columns that are needed.

    Raises:
        BadInput: with the faults of the options and the file's together.
    """
    faults = _faults(options)
    try:
        table = read_table(options.data, options.columns())
    except BadInput as error:
        raise BadInput([*faults, *error.faults]) from error
    if table.step_s > 900 and options.gate.minute:
        faults.append(options.fault("gate", str(options.gate), "the file has hours", "give a full hour"))
    if faults:
        raise BadInput(faults)
    return table


def history_of(options: BacktestOptions, table: Table) -> History:
    """Give all that the file holds; whoever forecasts from it cuts it at the gate first."""
    history = History(
        start=table.start,
        value=table.columns[options.target],
        step_s=table.step_s,
        known_ahead={name: table.columns[name] for name in options.features_known},
        past={name: table.columns[name] for name in options.features_past},
        capacity=None if options.capacity_column is None else table.columns[options.capacity_column],
    )
    history = with_profile(history, spec_of(options), options.year)
    return with_prior(history, spec_of(options), options.geometry) if options.physical else history


def calendar_over(spec: SeriesSpec, history: History) -> Calendar:
    """Lay the calendar over the whole file."""
    return calendar_of(
        history.start, history.value.size, step_s=history.step_s, zone=spec.zone, holidays_of=spec.holidays
    )


def days_of(options: BacktestOptions, start: datetime, calendar: Calendar) -> range:
    """Give the local days to judge, counted from the file's first day.

    Raises:
        BadInput: the days are not within the file.
    """
    zero = local_date(start, options.zone, 0)
    last_known = int(calendar.day[-1]) + 1
    earliest = DAYS_BACK_MIN + 1
    first = WARM_UP_DAYS if options.start is None else (options.start - zero).days
    last = last_known if options.end is None else (options.end - zero).days
    faults = []
    reach = f"the file can judge {zero + timedelta(days=earliest)} to {zero + timedelta(days=last_known - 1)}"
    if not earliest <= first < last_known:
        faults.append(options.fault("from", str(zero + timedelta(days=first)), reach, "choose a day within"))
    if not first < last <= last_known:
        faults.append(
            options.fault("to", str(zero + timedelta(days=last)), reach, "choose a later day within")
        )
    if faults:
        raise BadInput(faults)
    return range(first, last)


def local_date(start: datetime, zone: ZoneInfo, day: int) -> date:
    """Give the date of the local day that is ``day`` days after the file's first."""
    return start.astimezone(zone).date() + timedelta(days=day)


def _physics_faults(options: BacktestOptions) -> list[Fault]:
    faults = [
        options.fault(place, value, f"0 to {most:g} degrees", "give degrees; 180 is south")
        for place, value, most in (
            ("tilt", options.geometry.tilt_degrees, 90.0),
            ("azimuth", options.geometry.azimuth_degrees, 360.0),
        )
        if value is not None and not 0.0 <= value <= most
    ]
    if options.history_days is not None and options.history_days < 1:
        faults.append(options.fault("history-days", options.history_days, "at least 1", "give whole days"))
    return faults


def _faults(options: BacktestOptions) -> list[Fault]:
    faults = []
    if options.holidays and not is_known_holiday_code(options.holidays):
        faults.append(
            options.fault("holidays", options.holidays, "no such holiday calendar", "write for example DE-BY")
        )
    if options.retrain_days < 1:
        faults.append(options.fault("retrain", options.retrain_days, "at least 1 day", "give whole days"))
    if options.intraday:
        faults += _intraday_faults(options)
    faults += _price_faults(options)
    faults += _physics_faults(options)
    faults += [options.fault(*fault) for fault in options.year.faults(spec_of(options).kind)]
    if options.gate.minute % 15 or options.gate.second or options.gate.microsecond:
        faults.append(
            options.fault("gate", str(options.gate), "a full quarter hour", "write for example 12:00")
        )
    return faults


def _intraday_faults(options: BacktestOptions) -> list[Fault]:
    faults = []
    if options.every_h < 1 or 24 % options.every_h:
        limit = "a day must hold it a whole number of times"
        faults.append(options.fault("every-h", options.every_h, limit, "choose 1, 2, 3, 4, 6, 8, 12 or 24"))
    if not 1 <= options.reach_h <= REACH_H_MAX:
        limit = f"between 1 and {REACH_H_MAX} h"
        faults.append(options.fault("reach-h", options.reach_h, limit, "choose for example 8 or 48"))
    if spec_of(options).kind == "price":
        limit = "day-ahead prices are out for whole days, nothing of them is left within the day"
        faults.append(options.fault("intraday", options.target, limit, "judge them day ahead"))
    return faults


def _price_faults(options: BacktestOptions) -> list[Fault]:
    faults = []
    names = {"price": options.price, "imbalance-price": options.imbalance_price}
    for option, name in names.items():
        if name is not None and eur_per_kwh_per_unit(name) is None:
            limit, mend = "its unit is not known", "let the column's name end in _eur_per_mwh or _eur_per_kwh"
            faults.append(options.fault(option, name, limit, mend))
    if (options.price is None) != (options.imbalance_price is None):
        limit = "the two prices' distance is the cost of an error"
        faults.append(options.fault("price", options.price, limit, "give --price with --imbalance-price"))
    if options.price is not None and kw_per_unit(options.target) is None:
        limit, mend = "no column of power", "let its name end in _kw or _mw"
        faults.append(options.fault("target", options.target, limit, mend))
    return faults
