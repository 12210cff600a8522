"""Plans and forecasts as a small JSON head and one compressed block of 64-bit floats."""

import dataclasses
import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from energy.canonical import decode, plain
from energy.domain import AssetPlan, FloatArray, Forecast, Plan
from energy.errors import RecordBroken
from energy.weather import WeatherForecast

_LITTLE = np.dtype("<f8")
_FAST = 1


def pack_arrays(arrays: Sequence[FloatArray]) -> bytes:
    """Put arrays one after the other, little-endian, compressed."""
    block = np.concatenate([np.ravel(array) for array in arrays]) if arrays else np.empty(0)
    return zlib.compress(block.astype(_LITTLE).tobytes(), _FAST)


def unpack_arrays(block: bytes, sizes: Sequence[int]) -> list[FloatArray]:
    """Take arrays apart again, each of shape (size,).

    Raises:
        RecordBroken: the block is damaged or of another length.
    """
    try:
        flat = np.frombuffer(zlib.decompress(block), dtype=_LITTLE).astype(np.float64)
    except (zlib.error, ValueError) as error:
        raise RecordBroken(f"a block of arrays is damaged: {error}") from error
    if flat.size != sum(sizes):
        raise RecordBroken(f"a block of arrays holds {flat.size} values instead of {sum(sizes)}")
    return np.split(flat, np.cumsum(sizes)[:-1]) if sizes else []


def pack_plan(plan: Plan, notes: Sequence[str]) -> tuple[str, bytes]:
    """Give a plan's head and block."""
    named: list[tuple[str, str, FloatArray]] = []
    for asset_id, part in plan.assets.items():
        named.append((asset_id, "", part.power_kw))
        named.extend((asset_id, state, array) for state, array in part.states.items())
    prices = [(balance, array) for balance, array in plan.marginal_price_eur_per_kwh.items()]
    head = {
        "plan": plain(dataclasses.replace(plan, assets={}, marginal_price_eur_per_kwh={})),
        "wall_s": plain(plan.wall_s),
        "arrays": [[asset_id, state, array.size] for asset_id, state, array in named],
        "prices": [[balance, array.size] for balance, array in prices],
        "notes": list(notes),
    }
    block = pack_arrays([array for *_, array in named] + [array for _, array in prices])
    return json.dumps(head, ensure_ascii=False), block


def unpack_plan(head: str, block: bytes) -> tuple[Plan, tuple[str, ...]]:
    """Give a plan and the planner's notes.

    Raises:
        RecordBroken: the row does not describe a plan.
    """
    data = read_json(head)
    try:
        sizes = [size for *_, size in data["arrays"]] + [size for _, size in data["prices"]]
        arrays = iter(unpack_arrays(block, sizes))
        power_kw: dict[str, FloatArray] = {}
        states: dict[str, dict[str, FloatArray]] = {}
        for asset_id, state, _ in data["arrays"]:
            if state:
                states.setdefault(asset_id, {})[state] = next(arrays)
            else:
                power_kw[asset_id] = next(arrays)
        plan = dataclasses.replace(
            decode(Plan, data["plan"]),
            assets={
                asset_id: AssetPlan(power_kw=array, states=states.get(asset_id, {}))
                for asset_id, array in power_kw.items()
            },
            marginal_price_eur_per_kwh={balance: next(arrays) for balance, _ in data["prices"]},
            wall_s=data["wall_s"],
        )
        return plan, tuple(data["notes"])
    except (KeyError, TypeError, ValueError) as error:
        raise RecordBroken(f"a plan's row is damaged: {error!r}") from error


def pack_forecast(forecast: Forecast) -> tuple[str, bytes]:
    """Give a forecast's head and block."""
    head = plain(dataclasses.replace(forecast, quantiles_kw=np.empty((0, 0))))
    head["quantiles_kw"] = list(forecast.quantiles_kw.shape)
    return json.dumps(head, ensure_ascii=False), pack_arrays([forecast.quantiles_kw])


def unpack_forecast(head: str, block: bytes) -> Forecast:
    """Give a forecast.

    Raises:
        RecordBroken: the row does not describe a forecast.
    """
    data = read_json(head)
    try:
        rows, periods = data["quantiles_kw"]
        (flat,) = unpack_arrays(block, [rows * periods])
        return dataclasses.replace(
            decode(Forecast, data | {"quantiles_kw": []}), quantiles_kw=flat.reshape(rows, periods)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecordBroken(f"a forecast's row is damaged: {error!r}") from error


def pack_weather(forecast: WeatherForecast) -> tuple[str, bytes]:
    """Give a weather forecast's head and block."""
    head = plain(dataclasses.replace(forecast, values={}))
    head["values"] = [[name, array.size] for name, array in forecast.values.items()]
    return json.dumps(head, ensure_ascii=False), pack_arrays(list(forecast.values.values()))


def unpack_weather(head: str, block: bytes) -> WeatherForecast:
    """Give a weather forecast.

    Raises:
        RecordBroken: the row does not describe one.
    """
    data = read_json(head)
    try:
        names = [name for name, _ in data["values"]]
        arrays = unpack_arrays(block, [size for _, size in data["values"]])
        bare = decode(WeatherForecast, data | {"values": {}})
        return dataclasses.replace(bare, values=dict(zip(names, arrays, strict=True)))
    except (KeyError, TypeError, ValueError) as error:
        raise RecordBroken(f"a weather forecast's row is damaged: {error!r}") from error


def read_json(text: str) -> Any:
    """Read a row's JSON.

    Raises:
        RecordBroken: it is none.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise RecordBroken(f"a row's JSON is damaged: {error}") from error
