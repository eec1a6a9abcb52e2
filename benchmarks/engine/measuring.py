"""Carries out one step of the plan and writes its figures down."""

from collections.abc import Callable

from benchmarks.engine import drain, enqueueing, idle, lateness, weight
from benchmarks.engine.engine import Measure
from benchmarks.engine.homes import Place
from benchmarks.engine.plan import Plan, Step
from benchmarks.engine.sheet import Sheet


def measure(step: Step, place: Place, plan: Plan, sheet: Sheet) -> None:
    """Measure.

    Raises:
        Void: it does not count.
    """
    _HOW[step.measure](step, place, plan, sheet)


def _drain(step: Step, place: Place, plan: Plan, sheet: Sheet) -> None:
    drained = drain.drain(step.engine, place, plan.drained(step.engine))
    sheet.add("drain_per_s", step.engine.name, drained.jobs_per_s)
    sheet.add("redis_cpu_us_per_job", step.engine.name, drained.cpu_us)


def _drain_results(step: Step, place: Place, plan: Plan, sheet: Sheet) -> None:
    drained = drain.drain(step.engine, place, plan.drained(step.engine), results=True)
    sheet.add("drain_results_per_s", step.engine.name, drained.jobs_per_s)


def _drain_far(step: Step, place: Place, plan: Plan, sheet: Sheet) -> None:
    drained = drain.drain(step.engine, place, plan.drained(step.engine, far=True), far=True)
    sheet.add("drain_2ms_per_s", step.engine.name, drained.jobs_per_s)


def _drain_otherwise_kept(step: Step, place: Place, plan: Plan, sheet: Sheet) -> None:
    setting = step.measure.rpartition("_")[2]
    drained = drain.drain(step.engine, place, plan.drained(step.engine), appendfsync=setting)
    sheet.add(f"{step.measure}_per_s", step.engine.name, drained.jobs_per_s)


def _enqueue(step: Step, place: Place, plan: Plan, sheet: Sheet) -> None:
    sheet.add("enqueue_per_s", step.engine.name, enqueueing.one_by_one(step.engine, place, plan.enqueued))


def _enqueue_many(step: Step, place: Place, plan: Plan, sheet: Sheet) -> None:
    sheet.add("enqueue_many_per_s", step.engine.name, enqueueing.in_bulk(step.engine, place, plan.enqueued_in_bulk))


def _latency(step: Step, place: Place, plan: Plan, sheet: Sheet) -> None:
    sheet.extend("latency", step.engine.name, lateness.after_enqueueing(step.engine, place, plan.paced))


def _lateness(step: Step, place: Place, plan: Plan, sheet: Sheet) -> None:
    sheet.extend("lateness", step.engine.name, lateness.after_their_time(step.engine, place, plan.due_at_once))


def _requests(step: Step, place: Place, plan: Plan, sheet: Sheet) -> None:
    sheet.add("requests_per_job", step.engine.name, drain.requests_per_job(step.engine, place, plan.monitored))


def _weight(step: Step, place: Place, plan: Plan, sheet: Sheet) -> None:
    scheduled = plan.scheduled_by_ours if step.engine.is_ours else plan.scheduled
    weighed = weight.weigh(step.engine, place, scheduled=scheduled, others=plan.weighed)
    for state in ("scheduled", "ready", "leased", "dead"):
        sheet.add(f"bytes_{state}", step.engine.name, getattr(weighed, state))


def _idle(step: Step, place: Place, plan: Plan, sheet: Sheet) -> None:
    found = idle.idle(step.engine, place, plan.idle_s)
    sheet.add("idle_requests_per_s", step.engine.name, found.requests_per_s)
    sheet.add("idle_rss_bytes", step.engine.name, found.rss_bytes)


_HOW: dict[Measure, Callable[[Step, Place, Plan, Sheet], None]] = {
    Measure.DRAIN: _drain,
    Measure.ENQUEUE: _enqueue,
    Measure.ENQUEUE_MANY: _enqueue_many,
    Measure.LATENCY: _latency,
    Measure.LATENESS: _lateness,
    Measure.DRAIN_RESULTS: _drain_results,
    Measure.DRAIN_FAR: _drain_far,
    Measure.REQUESTS: _requests,
    Measure.WEIGHT: _weight,
    Measure.IDLE: _idle,
    Measure.DRAIN_ALWAYS: _drain_otherwise_kept,
    Measure.DRAIN_OFF: _drain_otherwise_kept,
}
