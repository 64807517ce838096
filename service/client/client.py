"""The client: one method an endpoint."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack
from urllib.parse import quote

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from service.client.answers import (
    Agreement,
    AgreementCell,
    Bloc,
    Change,
    Changes,
    Claim,
    Correction,
    Count,
    Deleted,
    Facets,
    Imported,
    Issue,
    Raw,
    SearchResult,
    Standing,
    Standings,
    State,
    Statement,
    Stored,
    Topic,
    Trends,
    TrendYear,
    read,
    read_all,
    search_result,
)
from service.client.refusals import (
    DROPPED,
    ApiProblem,
    Pause,
    Unreachable,
    passes,
    problem,
    refusal,
)

TIMEOUT_S = 35.0  # a little more than the service takes for an answer
RETRIES = 4
MOST_QUERIES = 100  # of one batch
_LONGEST_QUERY = 3_000  # characters of an address, which proxies limit; longer ones go as a body
_MOST_KEPT = 64  # answers
_JSON, _LINES = "application/json", "application/x-ndjson"
_LISTS = ("exclude", "states", "blocs", "topics", "kind", "stance", "fields")

Row = dict[str, Any]
Day = str | int | date


class Filters(TypedDict, total=False):
    """States and blocs by code or usual name; a date is a year, `2001-09`, or a day, included.
    What is None isn't sent."""

    exclude: Sequence[str]
    states: Sequence[str]
    blocs: Sequence[str]
    from_: Day | None
    to: Day | None


class FacetFilters(Filters, total=False):
    topics: Sequence[str]
    forum: str
    kind: Sequence[str]
    stance: Sequence[str]


class SearchFilters(FacetFilters, total=False):
    """As the contract has them: `/v1/search` of the service's `/docs` says what each does."""

    mode: str
    sort: str
    group_by: str
    limit: int
    per_state: int
    fold: bool
    cursor: str
    fields: Sequence[str]


class Client:
    """The API at `address`, with an API `key` where one is needed. Safe between threads.

    What is refused raises ApiProblem; where no answer comes, Unreachable. A dropped connection and
    the statuses 429 and 503 are tried again, `retries` times at most, after pauses that grow and
    are never shorter than Retry-After. `timeout` is in seconds, of one attempt. GET asks whether an
    answer kept from before still holds.
    """

    def __init__(
        self,
        address: str,
        key: str | None = None,
        timeout: float = TIMEOUT_S,
        retries: int = RETRIES,
    ) -> None:
        if not address.startswith(("http://", "https://")):
            raise ValueError(f"address: {address!r} doesn't begin with http:// or https://")
        if retries < 0:
            raise ValueError("retries: must not be negative")
        self.address = address.rstrip("/")
        headers = {"User-Agent": "concord-client", "Accept": _JSON}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        self._http = httpx.Client(base_url=self.address, headers=headers, timeout=timeout)
        self._retrying = Retrying(
            stop=stop_after_attempt(retries + 1),
            wait=Pause(),
            retry=retry_if_exception(passes),
            reraise=True,
        )
        self._kept = _Kept()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def search(self, text: str, **filters: Unpack[SearchFilters]) -> SearchResult:
        """The first page, or the one that `cursor` leads to."""
        return search_result(self._question({"text": text, **filters}, _JSON).json())

    def pages(self, text: str, **filters: Unpack[SearchFilters]) -> Iterator[SearchResult]:
        """Every page, of the generation of the first: `limit` groups or hits each."""
        while True:
            page = self.search(text, **filters)
            yield page
            if page.next is None:
                return
            filters["cursor"] = page.next

    def hits(self, text: str, **filters: Unpack[SearchFilters]) -> Iterator[Row]:
        """Every page's quotations, each a flat row with its state's `name`."""
        asked: Row = {"text": text, **filters}
        while True:
            answer = self._question(asked, _LINES)
            yield from (json.loads(line) for line in answer.text.split("\n") if line)
            asked["cursor"] = answer.headers.get("X-Next-Cursor")
            if not asked["cursor"]:
                return

    def batch(self, queries: Iterable[str | Mapping[str, Any]]) -> list[SearchResult | ApiProblem]:
        """Answers in the order of the questions, each a text or `text` with filters. One that can't
        be answered has its problem in its place. More than a hundred go in several requests."""
        asked = [_as_body({"text": q} if isinstance(q, str) else q) for q in queries]
        answers: list[SearchResult | ApiProblem] = []
        for first in range(0, len(asked), MOST_QUERIES):
            some = {"queries": asked[first : first + MOST_QUERIES]}
            found = self._send("POST", "/v1/search/batch", body=some).json()["answers"]
            answers += [
                search_result(one) if "generation" in one else problem(one, one["status"])
                for one in found
            ]
        return answers

    def facets(self, text: str, **filters: Unpack[FacetFilters]) -> Facets:
        raw = self._get("/v1/facets", {"text": text, **filters})
        counts = {name: read_all(Count, rows) for name, rows in raw["facets"].items() if rows}
        return Facets(raw["total"], raw["judged"], counts, raw)

    def agreement(
        self, topic: str | None = None, issue: str | None = None, **filters: Unpack[Filters]
    ) -> Agreement:
        """State by state, on one of a topic and an issue."""
        raw = self._get("/v1/agreement", {"topic": topic, "issue": issue, **filters})
        return read(Agreement, raw, cells=read_all(AgreementCell, raw["cells"]))

    def trends(
        self,
        topic: str | None = None,
        issue: str | None = None,
        text: str | None = None,
        by: str | None = None,
        **filters: Unpack[Filters],
    ) -> Trends:
        """Year by year, on one of a topic, an issue and a text; `by` is state or bloc."""
        asked = {"topic": topic, "issue": issue, "text": text, "by": by, **filters}
        raw = self._get("/v1/trends", asked)
        return Trends(read_all(TrendYear, raw["rows"]), raw)

    def issues(self) -> tuple[Issue, ...]:
        return read_all(Issue, self._get("/v1/issues")["issues"])

    def issue(self, issue_id: str, evidence: bool = False, **filters: Unpack[Filters]) -> Standings:
        """Where every state stands; with `evidence`, the quotations in each standing's `raw`."""
        path = f"/v1/issues/{_quoted(issue_id)}{'/states' if evidence else ''}"
        raw = self._get(path, filters)
        return Standings(
            read(Issue, raw["issue"]), raw["counts"], read_all(Standing, raw["states"]), raw
        )

    def statement(self, statement_id: str) -> Statement:
        raw = self._get(f"/v1/statements/{_quoted(statement_id)}")
        return read(Statement, raw, claims=read_all(Claim, raw["claims"]))

    def changes(self, statement_id: str, against: str | None = None) -> Changes:
        """What is new in a statement against the same state's last one before it, or `against`."""
        raw = self._get(f"/v1/statements/{_quoted(statement_id)}/changes", {"against": against})
        return read(Changes, raw, changes=read_all(Change, raw["changes"]))

    def claim(self, claim_id: str) -> Claim:
        return read(Claim, self._get(f"/v1/claims/{_quoted(claim_id)}"))

    def states(self) -> tuple[State, ...]:
        return read_all(State, self._get("/v1/states")["states"])

    def blocs(self, on: Day | None = None) -> tuple[Bloc, ...]:
        """With the members of the time `on`; without it, those of today."""
        return read_all(Bloc, self._get("/v1/blocs", {"on": on})["blocs"])

    def topics(self) -> tuple[Topic, ...]:
        return read_all(Topic, self._get("/v1/topics")["topics"])

    def import_statements(
        self,
        statements: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        idempotency_key: str | None = None,
    ) -> Imported:
        """Store up to a hundred: all of them, or none. Needs the scope `import`.

        However often it is sent, it is done once; give an `idempotency_key` of your own to have
        that hold after a restart of your program, too.
        """
        given = [statements] if isinstance(statements, Mapping) else statements
        body = {"statements": [_as_body(one) for one in given]}
        answer = self._send("POST", "/v1/statements", body=body, once=_name(idempotency_key))
        raw = answer.json()
        return read(Imported, raw, statements=read_all(Stored, raw["statements"]))

    def delete_statement(self, statement_id: str, idempotency_key: str | None = None) -> Deleted:
        """Of those imported; it is found until the next generation is built."""
        path = f"/v1/statements/{_quoted(statement_id)}"
        return read(Deleted, self._send("DELETE", path, once=_name(idempotency_key)).json())

    def wait_until_searchable(
        self, statement_ids: str | Imported | Iterable[str], timeout: float = 600.0
    ) -> None:
        """Return once answers are given from each; raises TimeoutError after `timeout` seconds."""
        if isinstance(statement_ids, Imported):
            statement_ids = [one.statement_id for one in statement_ids.statements]
        waiting = [statement_ids] if isinstance(statement_ids, str) else list(statement_ids)
        end, pause = time.monotonic() + timeout, 0.25
        while waiting:
            found = self._get(f"/v1/statements/{_quoted(waiting[-1])}/status")
            if found["searchable"]:
                waiting.pop()
                continue
            if time.monotonic() + pause > end:
                phase = found["build"]["phase"]
                raise TimeoutError(
                    f"{waiting[-1]} isn't searched after {timeout:g} seconds; the build is {phase}"
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 3.0)

    def correct(
        self, text: str, claim_id: str, stance: str, author: str, reason: str
    ) -> Correction:
        """Say where a claim stands towards a question. The same said twice is kept once."""
        body = {
            "text": text, "claim_id": claim_id, "stance": stance, "author": author,
            "reason": reason,
        }  # fmt: skip
        return read(Correction, self._send("POST", "/v1/corrections", body=body).json())

    def _question(self, asked: Raw, accept: str) -> httpx.Response:
        parameters = _as_parameters(asked)
        if len(str(httpx.QueryParams(parameters))) <= _LONGEST_QUERY:
            return self._send("GET", "/v1/search", parameters, accept=accept)
        return self._send("POST", "/v1/search", body=_as_body(asked), accept=accept)

    def _get(self, path: str, asked: Raw | None = None) -> Row:
        found: Row = self._send("GET", path, _as_parameters(asked or {})).json()
        return found

    def _send(
        self,
        method: str,
        path: str,
        parameters: Raw | None = None,
        *,
        body: Any = None,
        accept: str = _JSON,
        once: str | None = None,
    ) -> httpx.Response:
        headers = {"Accept": accept}
        if once is not None:
            headers["Idempotency-Key"] = once
        request = self._http.build_request(
            method, path, params=parameters or None, json=body, headers=headers
        )
        question = f"{accept} {request.url}"
        kept = self._kept.get(question) if method == "GET" else None
        if kept is not None:
            request.headers["If-None-Match"] = kept.headers["ETag"]
        try:
            answer = self._retrying.copy()(self._once, request)
        except DROPPED as error:
            what = str(error) or type(error).__name__
            raise Unreachable(f"{self.address} doesn't answer: {what}") from error
        if answer.status_code == 304 and kept is not None:
            return kept
        if method == "GET" and "ETag" in answer.headers:
            self._kept.put(question, answer)
        return answer

    def _once(self, request: httpx.Request) -> httpx.Response:
        answer = self._http.send(request)
        if answer.is_success or answer.status_code == 304:
            return answer
        raise refusal(answer)


class _Kept:
    """The last answers that came with an ETag."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, httpx.Response] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, question: str) -> httpx.Response | None:
        with self._lock:
            if question in self._answers:
                self._answers.move_to_end(question)
            return self._answers.get(question)

    def put(self, question: str, answer: httpx.Response) -> None:
        with self._lock:
            self._answers[question] = answer
            self._answers.move_to_end(question)
            if len(self._answers) > _MOST_KEPT:
                self._answers.popitem(last=False)


def _as_parameters(asked: Raw) -> Row:
    return {name: _plain(value) for name, value in _named(asked)}


def _as_body(asked: Raw) -> Row:
    """JSON has a list where there may be several, also of one."""
    return {
        name: [value] if name in _LISTS and isinstance(value, str) else _plain(value)
        for name, value in _named(asked)
    }


def _named(asked: Raw) -> Iterator[tuple[str, Any]]:
    """`from_` is `from`, which Python keeps for itself."""
    for name, value in asked.items():
        if value is not None:
            yield name.removesuffix("_"), value


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, Iterable) and not isinstance(value, str | Mapping):
        return list(value)
    return value


def _quoted(part: str) -> str:
    return quote(part, safe="")


def _name(idempotency_key: str | None) -> str:
    return idempotency_key if idempotency_key is not None else uuid.uuid4().hex
