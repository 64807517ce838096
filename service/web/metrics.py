"""`/metrics`: what Prometheus reads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from service.comparison import Comparator
from service.domain.access import Scope, permits
from service.domain.stages import Stage, telling
from service.errors import ConcordError, Forbidden, Unauthorized
from service.retrieval.generations import Generation
from service.settings import Settings
from service.web import limits
from service.web.access import from_this_machine, sent_key
from service.web.contract import Contract
from service.web.limits import Load

metrics = Contract("metrics", tag="operation")

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
# Seconds; 0.15 is the longest that a search should take.
_WHOLE = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_PARTS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Figures:
    """Of one application, in a registry of its own."""

    def __init__(self, comparator: Comparator, load: Load) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "concord_request_seconds", "From a request's arrival to its answer.",
            ["endpoint", "method", "status"], buckets=_WHOLE, registry=self.registry,
        )  # fmt: skip
        self.waits = Histogram(
            "concord_queue_seconds", "For which a request waited for its turn.",
            buckets=_WHOLE, registry=self.registry,
        )  # fmt: skip
        self.stages = Histogram(
            "concord_stage_seconds", "In one stage of an answer.",
            ["stage"], buckets=_PARTS, registry=self.registry,
        )  # fmt: skip
        self.lookups = Counter(
            "concord_cache_lookups", "What a cache was asked for, and whether it had it.",
            ["cache", "result"], registry=self.registry,
        )  # fmt: skip
        self.registry.register(_State(comparator, load))
        ProcessCollector(registry=self.registry)
        for stage in Stage:
            self.stages.labels(stage)

    # What `service.domain.stages` is told.

    def proceed(self) -> None:
        limits.proceed()

    def spent(self, stage: Stage, seconds: float) -> None:
        self.stages.labels(stage).observe(seconds)

    def looked_up(self, cache: str, found: int, missing: int) -> None:
        self.lookups.labels(cache, "hit").inc(found)
        self.lookups.labels(cache, "miss").inc(missing)

    def answered_from(self, generation: str) -> None:
        g.generation = generation


class _State(Collector):
    """What is read when it is asked for."""

    def __init__(self, comparator: Comparator, load: Load) -> None:
        self._comparator = comparator
        self._load = load

    def collect(self) -> Iterator[Metric]:
        try:
            generation = self._comparator.generation
        except (ConcordError, OSError):
            generation = None
        usable = float(generation is not None)
        yield GaugeMetricFamily("concord_index_usable", "Whether there is an index.", usable)
        if generation is not None:
            yield from _of_generation(generation)
        queue = self._load.queue
        if queue is not None:
            waiting, running = queue.waiting(), queue.running()
            yield GaugeMetricFamily("concord_queue_length", "Requests that wait.", waiting)
            yield GaugeMetricFamily("concord_requests_running", "Being answered.", running)
        refused = CounterMetricFamily(
            "concord_requests_refused", "For want of a place or of time.", labels=["reason"]
        )
        for reason, count in self._load.refused().items():
            refused.add_metric([reason], count)
        yield refused


def install_metrics(app: Flask, comparator: Comparator) -> None:
    """After `install_logs` and `install_limits`; then every answer is counted."""
    figures = app.extensions["figures"] = Figures(comparator, app.extensions["load"])
    app.register_blueprint(metrics)

    @app.before_request
    def begun() -> None:
        g.telling = telling(figures)
        g.telling.__enter__()

    @app.teardown_request
    def ended(_: BaseException | None) -> None:
        if "telling" in g:
            g.pop("telling").__exit__(None, None, None)

    @app.after_request
    def counted(answer: Response) -> Response:
        came = limits.arrived()
        endpoint = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in _METHODS else "other"
        seconds = time.monotonic() - came
        figures.requests.labels(endpoint, method, answer.status_code).observe(seconds)
        figures.waits.observe(g.get("started", came) - came)
        return answer


@metrics.get("/metrics", answer=None, scope=None, media=("text/plain",))
def read() -> Response:
    """Figures for Prometheus

    To this machine, to admin keys, or where CONCORD_METRICS is `public` to all.
    """
    figures = current_app.extensions["figures"]
    settings = current_app.extensions["comparator"].settings
    _admit(settings)
    encode, kind = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(figures.registry), content_type=kind)


def _admit(settings: Settings) -> None:
    if settings.metrics == "public" or from_this_machine():
        return
    key = sent_key()
    if key is None:
        raise Unauthorized("metrics are shown to this machine, and to admin keys")
    if not permits(key.scopes, Scope.ADMIN):
        raise Forbidden(Scope.ADMIN)


def _of_generation(generation: Generation) -> Iterator[Metric]:
    manifest, columns = generation.manifest, generation.columns
    yield InfoMetricFamily(
        "concord_generation", "Which index is served.",
        {"generation": manifest.id, "model": manifest.model, "format": str(manifest.format)},
    )  # fmt: skip
    built = datetime.fromisoformat(manifest.created).timestamp()
    yield GaugeMetricFamily(
        "concord_generation_built_timestamp_seconds", "When the index was built.", built
    )
    if len(columns):
        # The first day that a date can mean: "2023" must not count as the end of that year.
        newest = date.fromordinal(int(columns.first.max()))
        moment = datetime(newest.year, newest.month, newest.day, tzinfo=UTC).timestamp()
        yield GaugeMetricFamily(
            "concord_corpus_newest_timestamp_seconds", "The newest statement's date.", moment
        )
    for name in ("states", "statements", "claims"):
        yield GaugeMetricFamily(f"concord_corpus_{name}", f"In the index: {name}.",
                                getattr(manifest, name))  # fmt: skip
