"""Shards: one case of one week each, computed by worker processes and kept on disk, so that a run resumes."""

import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from energy.errors import BadInput, EnergiewaageError, Fault, Permanent, RecordBroken, Retryable
from energy.evaluation.course import course_to_json
from energy.evaluation.foresight import plan_foresight, replay
from energy.evaluation.loop import LoopRun, Pace, run_ours, run_rules
from energy.evaluation.nominations import outlooks_from_json, outlooks_of, outlooks_to_json
from energy.evaluation.scene import Scene
from energy.evaluation.setting import with_setting
from energy.evaluation.uncontrolled import run_uncontrolled
from energy.evaluation.weeks import Window
from energy.own_child import SINGLE_THREAD
from energy.periods import format_utc
from energy.region.loader import load_region
from energy.region.model import Region

FORM = "energiewaage.evaluation/1"
DIGITS = 4


class Case(StrEnum):
    """What is computed of each week; the outlook is no case but what two of them are nominated from."""

    OUTLOOK = "outlook"
    OURS = "ours"
    PERFECT_FORESIGHT = "perfect_foresight"
    RULES = "rules"
    UNCONTROLLED = "uncontrolled"


FIRST = (Case.OUTLOOK, Case.OURS, Case.PERFECT_FORESIGHT)
AFTER_OUTLOOK = (Case.RULES, Case.UNCONTROLLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Names one result: whatever changes it is part of its key."""

    region_name: str
    region_digest: str
    code_digest: str
    seed: int
    window: Window
    case: Case
    pace: Pace
    uncertainty: str = ""
    """The setting of the dial that ours plans with; empty for the region's own."""

    @property
    def key(self) -> dict[str, object]:
        """Give what decides the result, as plain data; where the region lies does not."""
        of_ours = self.case is Case.OURS and self.uncertainty
        return {
            "form": FORM,
            "region": self.region_digest,
            "code": self.code_digest,
            "seed": self.seed,
            "from": format_utc(self.window.start),
            "to": format_utc(self.window.end),
            "case": str(self.case),
            "pace": asdict(self.pace),
            **({"uncertainty": self.uncertainty} if of_ours else {}),
        }

    def path(self, folder: Path) -> Path:
        """Give the shard's file."""
        digest = hashlib.sha256(json.dumps(self.key, sort_keys=True).encode()).hexdigest()
        return folder / f"{self.window.start:%Y%m%d}_{self.case}_{digest[:16]}.json"

    def of(self, case: Case) -> "Shard":
        """Give the same week's shard of another case."""
        return replace(self, case=case)

    def under(self, uncertainty: str) -> "Shard":
        """Give the same week's shard of ours under another setting of the dial."""
        return replace(self, case=Case.OURS, uncertainty=uncertainty)


def data_digest(region: Region) -> str:
    """Hash the region file and every history file that it may name."""
    digest = hashlib.sha256(region.digest.encode())
    for path in sorted((region.folder / "history").glob("*.csv*")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def compute_all(
    weeks: Sequence[Shard],
    folder: Path,
    *,
    workers: int,
    progress: Callable[[int, int], None],
    more: Sequence[Shard] = (),
) -> None:
    """Compute what is missing of every case of the weeks named, and ``more``; what is there is not touched.

    Raises:
        Retryable: a worker process died; what was finished is kept.
        Permanent: a shard cannot be computed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    everything = [*(week.of(case) for case in Case for week in weeks), *more]
    total = len(everything)
    done = sum(_is_there(shard, folder) for shard in everything)
    progress(done, total)
    with _single_thread(), _pool(workers) as pool:
        running: dict[Future[str | None], Shard] = {}

        def submit(shard: Shard) -> None:
            if not _is_there(shard, folder):
                running[pool.submit(compute, shard, str(folder))] = shard
            elif shard.case is Case.OUTLOOK:
                for case in AFTER_OUTLOOK:
                    submit(shard.of(case))

        for case in FIRST:
            for week in weeks:
                submit(week.of(case))
        for shard in more:
            submit(shard)
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                shard = running.pop(future)
                _require(shard, future)
                done += 1
                progress(done, total)
                if shard.case is Case.OUTLOOK:
                    for case in AFTER_OUTLOOK:
                        submit(shard.of(case))


def compute(shard: Shard, folder_name: str) -> str | None:
    """Compute one shard and write it whole or not at all; gives why it cannot be computed, else None."""
    folder = Path(folder_name)
    began = time.perf_counter()
    try:
        region = load_region(shard.region_name)
        if data_digest(region) != shard.region_digest:
            return "the region was changed while it is being evaluated; start again"
        region = with_setting(region, shard.uncertainty)
        result = _result(Scene(region, shard.window, seed=shard.seed), shard, folder)
    except EnergiewaageError as error:
        return str(error)
    content = {"key": shard.key, "wall_s": round(time.perf_counter() - began, 3), "result": result}
    path = shard.path(folder)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.part")
    fresh.write_text(json.dumps(content, allow_nan=False), encoding="utf-8")
    fresh.replace(path)
    return None


def load(shard: Shard, folder: Path) -> dict[str, Any]:
    """Give what a finished shard holds: ``wall_s`` and ``result``.

    Raises:
        RecordBroken: it is not there or cannot be understood.
    """
    try:
        content: dict[str, Any] = json.loads(shard.path(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordBroken(f"{shard.path(folder)}: {error}; remove it and evaluate again") from error
    return content


def require_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written.

    Raises:
        BadInput: it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        limit = f"cannot be written: {error.strerror}"
        fault = Fault(
            file=str(folder), line=None, place="--folder", value=str(folder), limit=limit, mend="name another"
        )
        raise BadInput([fault]) from error


def _result(scene: Scene, shard: Shard, folder: Path) -> Any:
    match shard.case:
        case Case.OUTLOOK:
            return outlooks_to_json(outlooks_of(scene))
        case Case.OURS:
            return _loop_to_json(run_ours(scene, shard.pace))
        case Case.RULES:
            outlooks = outlooks_from_json(load(shard.of(Case.OUTLOOK), folder)["result"])
            return _loop_to_json(run_rules(scene, shard.pace, outlooks=outlooks))
        case Case.UNCONTROLLED:
            outlooks = outlooks_from_json(load(shard.of(Case.OUTLOOK), folder)["result"])
            course = run_uncontrolled(scene, outlooks=outlooks)
            return {"course": course_to_json(course)}
        case Case.PERFECT_FORESIGHT:
            plan, foresight = plan_foresight(scene)
            return {
                "course": course_to_json(foresight.planned),
                "replayed": course_to_json(replay(scene, plan)),
                "gap_eur": round(foresight.gap_eur, DIGITS),
                "objective_eur": {
                    name: round(value, DIGITS) for name, value in foresight.objective_eur.items()
                },
                "status": foresight.status,
                "breaches": [
                    f"{item.asset_id}: {item.name} {item.size:.1f} {item.unit}" for item in plan.breaches
                ],
            }


def _loop_to_json(run: LoopRun) -> dict[str, Any]:
    counts = run.counts
    return {
        "course": course_to_json(run.course),
        "broken_total": counts.broken_total,
        "broken": counts.broken,
        "plan_s": [round(value, DIGITS) for value in counts.plan_s],
        "ticks": counts.ticks,
        "ticks_by_rung": dict(sorted(counts.rungs.items())),
    }


def _is_there(shard: Shard, folder: Path) -> bool:
    return shard.path(folder).is_file()


def _require(shard: Shard, future: "Future[str | None]") -> None:
    try:
        failure = future.result()
    except BrokenProcessPool as error:
        raise Retryable("a worker process died; start again: what was finished is kept") from error
    if failure is not None:
        raise Permanent(f"{shard.window.start:%Y-%m-%d}, {shard.case}: {failure}")


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max_workers=workers, mp_context=multiprocessing.get_context("spawn"))


@contextmanager
def _single_thread() -> Iterator[None]:
    """Let workers inherit the thread limits: they count only when set before numpy is loaded."""
    before = {name: os.environ.get(name) for name in SINGLE_THREAD}
    os.environ.update(SINGLE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
