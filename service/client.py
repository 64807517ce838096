"""A client of the API, for programs elsewhere: it needs httpx and tenacity, and nothing else of
this package.

    from service.client import Client

    with Client("https://concord.example", key="...") as client:
        for hit in client.search("The veto must be abolished.", exclude=["FRA"]).hits:
            print(hit.state, hit.stance, hit.text)
        table = pandas.DataFrame(client.hits("The veto must be abolished."))
"""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self, TypedDict, TypeVar, Unpack
from urllib.parse import quote

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_base, wait_random_exponential

TIMEOUT_S = 35.0  # a little more than the service takes for an answer
RETRIES = 4
# Who is told to wait longer (a day's quota is spent) is told so instead.
LONGEST_WAIT_S = 60.0
MOST_QUERIES = 100  # of one batch
_LONGEST_QUERY = 3_000  # characters of an address, which proxies limit; longer ones go as a body
_MOST_KEPT = 64  # answers
_JSON, _LINES = "application/json", "application/x-ndjson"
_LISTS = ("exclude", "states", "blocs", "topics", "kind", "stance", "fields")
_PASSING = (429, 503)
_DROPPED = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError)

Raw = Mapping[str, Any]
Row = dict[str, Any]
Day = str | int | date
_T = TypeVar("_T")


class ApiProblem(Exception):
    """What the service answered instead (RFC 9457). `type` is stable: `/problems/invalid-input`;
    `field` is the one at fault, `retry_after` counts seconds, and `request_id` finds the request in
    the service's log."""

    def __init__(
        self,
        type: str,
        title: str,
        status: int,
        detail: str = "",
        field: str | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}" if detail else f"{status} {title}")
        self.type, self.title, self.status, self.detail = type, title, status, detail
        self.field, self.retry_after, self.request_id = field, retry_after, request_id


class Unreachable(ConnectionError):
    """No answer came, however often it was tried."""


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


# The answers. `raw` holds all that came; what a later version adds is there first.


@dataclass(frozen=True, slots=True)
class Hit:
    """A quotation, word for word. What `fields` left out is empty here and absent from `raw`."""

    claim_id: str = ""
    statement_id: str = ""
    state: str = ""
    text: str = ""
    date: str = ""
    similarity: float = 0.0
    stance: str | None = None
    speaker: str | None = None
    forum: str | None = None
    symbol: str | None = None
    source: str = ""
    topics: tuple[str, ...] = ()
    rendered: bool = False
    raw: Raw = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Group:
    """A state's quotations (or a statement's), the best first; `count` includes those not shown."""

    state: str
    name: str
    count: int
    hits: tuple[Hit, ...]
    stance: str | None = None
    raw: Raw = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A page. `hits` are those of all its groups; `groups` is empty where nothing was grouped.
    `next` is the cursor of the page after, None on the last."""

    generation: str
    model: str
    level: float
    groups: tuple[Group, ...]
    hits: tuple[Hit, ...]
    next: str | None = None
    raw: Raw = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Count:
    value: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """`counts` by facet: state, bloc, topic, year and, where stances were asked for, stance."""

    total: int
    judged: int
    counts: Mapping[str, tuple[Count, ...]]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class AgreementCell:
    """Two states; `similarity` and `agreement` are None where too little is behind them."""

    state_a: str
    state_b: str
    similarity: float | None
    agreement: float | None
    claims_a: int
    claims_b: int
    same: int
    issues: int


@dataclass(frozen=True, slots=True)
class Agreement:
    cells: tuple[AgreementCell, ...]
    issues: tuple[str, ...]
    left_out: tuple[str, ...]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class TrendYear:
    year: int
    positions: int
    of: int
    share: float | None
    states: int
    group: str | None = None
    name: str | None = None
    sides: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Trends:
    rows: tuple[TrendYear, ...]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class Issue:
    id: str
    proposition: str
    contrary: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A state's side; `raw` has its changes and, where they were asked for, its quotations."""

    state: str
    name: str
    side: str
    since: str | None
    basis: str | None
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class Standings:
    issue: Issue
    counts: Mapping[str, int]
    states: tuple[Standing, ...]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """`start` and `end` are offsets in characters into the statement's text. `statement` tells
    whose it is, where the claim was asked for by itself."""

    claim_id: str
    text: str
    start: int
    end: int
    kind: str
    topics: tuple[str, ...]
    rendered: bool
    before: str | None = None
    after: str | None = None
    statement: Raw | None = field(default=None, repr=False)
    raw: Raw = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """`text` is None for a position in our own words, whose document is cited."""

    statement_id: str
    state: str
    name: str
    date: str
    text: str | None
    claims: tuple[Claim, ...]
    source: str
    speaker: str | None = None
    forum: str | None = None
    symbol: str | None = None
    raw: Raw = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class State:
    code: str
    name: str
    status: str
    blocs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bloc:
    id: str
    name: str
    members: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    id: str
    name: str
    definition: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """`change` is added, changed or unchanged; `mended` says what was done to the text."""

    statement_id: str
    change: str
    claims: int
    mended: tuple[str, ...]
    searchable: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """On the service's disk. `searchable` is whether all is searched already."""

    searchable: bool
    generation: str | None
    statements: tuple[Stored, ...]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class Deleted:
    """`removed` is false where it had been deleted before."""

    statement_id: str
    removed: bool
    searchable: bool
    generation: str | None


@dataclass(frozen=True, slots=True)
class Correction:
    text: str
    claim_id: str
    state: str
    stance: str
    author: str
    reason: str
    date: str
    raw: Raw = field(repr=False)


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
            wait=_Pause(),
            retry=retry_if_exception(_passes),
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
        return _search_result(self._question({"text": text, **filters}, _JSON).json())

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
                _search_result(one) if "generation" in one else _problem(one, one["status"])
                for one in found
            ]
        return answers

    def facets(self, text: str, **filters: Unpack[FacetFilters]) -> Facets:
        raw = self._get("/v1/facets", {"text": text, **filters})
        counts = {name: _all(Count, rows) for name, rows in raw["facets"].items() if rows}
        return Facets(raw["total"], raw["judged"], counts, raw)

    def agreement(
        self, topic: str | None = None, issue: str | None = None, **filters: Unpack[Filters]
    ) -> Agreement:
        """State by state, on one of a topic and an issue."""
        raw = self._get("/v1/agreement", {"topic": topic, "issue": issue, **filters})
        return _read(Agreement, raw, cells=_all(AgreementCell, raw["cells"]))

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
        return Trends(_all(TrendYear, raw["rows"]), raw)

    def issues(self) -> tuple[Issue, ...]:
        return _all(Issue, self._get("/v1/issues")["issues"])

    def issue(self, issue_id: str, evidence: bool = False, **filters: Unpack[Filters]) -> Standings:
        """Where every state stands; with `evidence`, the quotations in each standing's `raw`."""
        path = f"/v1/issues/{_quoted(issue_id)}{'/states' if evidence else ''}"
        raw = self._get(path, filters)
        return Standings(
            _read(Issue, raw["issue"]), raw["counts"], _all(Standing, raw["states"]), raw
        )

    def statement(self, statement_id: str) -> Statement:
        raw = self._get(f"/v1/statements/{_quoted(statement_id)}")
        return _read(Statement, raw, claims=_all(Claim, raw["claims"]))

    def claim(self, claim_id: str) -> Claim:
        return _read(Claim, self._get(f"/v1/claims/{_quoted(claim_id)}"))

    def states(self) -> tuple[State, ...]:
        return _all(State, self._get("/v1/states")["states"])

    def blocs(self, on: Day | None = None) -> tuple[Bloc, ...]:
        """With the members of the time `on`; without it, those of today."""
        return _all(Bloc, self._get("/v1/blocs", {"on": on})["blocs"])

    def topics(self) -> tuple[Topic, ...]:
        return _all(Topic, self._get("/v1/topics")["topics"])

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
        return _read(Imported, raw, statements=_all(Stored, raw["statements"]))

    def delete_statement(self, statement_id: str, idempotency_key: str | None = None) -> Deleted:
        """Of those imported; it is found until the next generation is built."""
        path = f"/v1/statements/{_quoted(statement_id)}"
        return _read(Deleted, self._send("DELETE", path, once=_name(idempotency_key)).json())

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
        return _read(Correction, self._send("POST", "/v1/corrections", body=body).json())

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
        except _DROPPED as error:
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
        raise _refusal(answer)


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


class _Pause(wait_base):
    """Grows, at random so that those refused together don't come back together; never shorter than
    what the service asks for."""

    _growing = wait_random_exponential(multiplier=0.5, max=20)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = error.retry_after if isinstance(error, ApiProblem) else None
        if asked is None:
            return self._growing(retry_state)
        return asked + random.uniform(0, 0.25 + asked / 10)


def _passes(error: BaseException) -> bool:
    """Whether it may be otherwise in a moment."""
    if isinstance(error, ApiProblem):
        return error.status in _PASSING and (error.retry_after or 0) <= LONGEST_WAIT_S
    return isinstance(error, _DROPPED)


def _refusal(answer: httpx.Response) -> ApiProblem:
    try:
        raw = answer.json()
    except ValueError:
        raw = {}  # of a proxy on the way
    return _problem(
        raw if isinstance(raw, dict) else {},
        answer.status_code,
        answer.reason_phrase,
        _seconds(answer.headers.get("Retry-After")),
        answer.headers.get("X-Request-ID"),
    )


def _problem(
    raw: Raw,
    status: int,
    phrase: str = "",
    retry_after: float | None = None,
    request_id: str | None = None,
) -> ApiProblem:
    return ApiProblem(
        raw.get("type", "about:blank"), raw.get("title", phrase), status, raw.get("detail", ""),
        raw.get("field"), retry_after, request_id,
    )  # fmt: skip


def _seconds(retry_after: str | None) -> float | None:
    """Of a number, or of a date as proxies write it; None where it is neither."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        then = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (then.astimezone(UTC) - datetime.now(UTC)).total_seconds())


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


def _read(kind: type[_T], raw: Raw, **made: Any) -> _T:
    """Its fields by their names; more may come, and what has a default may be missing."""
    for one in fields(kind):  # type: ignore[arg-type]
        if one.name == "raw":
            made["raw"] = raw
        elif one.name not in made and (one.name in raw or one.default is MISSING):
            value = raw[one.name]
            made[one.name] = tuple(value) if isinstance(value, list) else value
    return kind(**made)


def _all(kind: type[_T], rows: Iterable[Raw]) -> tuple[_T, ...]:
    return tuple(_read(kind, row) for row in rows)


def _search_result(raw: Raw) -> SearchResult:
    results = raw["results"]
    grouped = bool(results) and "hits" in results[0]
    groups = tuple(
        _read(Group, one, hits=_all(Hit, one["hits"])) for one in (results if grouped else ())
    )
    hits = tuple(hit for group in groups for hit in group.hits) if grouped else _all(Hit, results)
    return _read(SearchResult, raw, groups=groups, hits=hits)
