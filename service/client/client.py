"""The client: one method an endpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Unpack

import httpx

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
from service.client.asking import (
    Day,
    FacetFilters,
    Filters,
    Row,
    SearchFilters,
    as_body,
    as_parameters,
    once,
    quoted,
)
from service.client.refusals import ApiProblem, problem
from service.client.studies import Studies
from service.client.transport import JSON

MOST_QUERIES = 100  # of one batch
_LONGEST_QUERY = 3_000  # characters of an address, which proxies limit; longer ones go as a body
_LINES = "application/x-ndjson"


class Client(Studies):
    """The API at `address`, with an API `key` where one is needed. Safe between threads.

    What is refused raises ApiProblem; where no answer comes, Unreachable. A dropped connection and
    the statuses 429 and 503 are tried again, `retries` times at most, after pauses that grow and
    are never shorter than Retry-After. `timeout` is in seconds, of one attempt. GET asks whether an
    answer kept from before still holds.
    """

    def search(self, text: str, **filters: Unpack[SearchFilters]) -> SearchResult:
        """The first page, or the one that `cursor` leads to."""
        return search_result(self._question({"text": text, **filters}, JSON).json())

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
        asked = [as_body({"text": q} if isinstance(q, str) else q) for q in queries]
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
        path = f"/v1/issues/{quoted(issue_id)}{'/states' if evidence else ''}"
        raw = self._get(path, filters)
        return Standings(
            read(Issue, raw["issue"]), raw["counts"], read_all(Standing, raw["states"]), raw
        )

    def statement(self, statement_id: str) -> Statement:
        raw = self._get(f"/v1/statements/{quoted(statement_id)}")
        return read(Statement, raw, claims=read_all(Claim, raw["claims"]))

    def changes(self, statement_id: str, against: str | None = None) -> Changes:
        """What is new in a statement against the same state's last one before it, or `against`."""
        raw = self._get(f"/v1/statements/{quoted(statement_id)}/changes", {"against": against})
        return read(Changes, raw, changes=read_all(Change, raw["changes"]))

    def claim(self, claim_id: str) -> Claim:
        return read(Claim, self._get(f"/v1/claims/{quoted(claim_id)}"))

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
        body = {"statements": [as_body(one) for one in given]}
        answer = self._send("POST", "/v1/statements", body=body, once=once(idempotency_key))
        raw = answer.json()
        return read(Imported, raw, statements=read_all(Stored, raw["statements"]))

    def delete_statement(self, statement_id: str, idempotency_key: str | None = None) -> Deleted:
        """Of those imported; it is found until the next generation is built."""
        path = f"/v1/statements/{quoted(statement_id)}"
        return read(Deleted, self._send("DELETE", path, once=once(idempotency_key)).json())

    def wait_until_searchable(
        self, statement_ids: str | Imported | Iterable[str], timeout: float = 600.0
    ) -> None:
        """Return once answers are given from each; raises TimeoutError after `timeout` seconds."""
        if isinstance(statement_ids, Imported):
            statement_ids = [one.statement_id for one in statement_ids.statements]
        waiting = [statement_ids] if isinstance(statement_ids, str) else list(statement_ids)
        end, pause = time.monotonic() + timeout, 0.25
        while waiting:
            found = self._get(f"/v1/statements/{quoted(waiting[-1])}/status")
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
        parameters = as_parameters(asked)
        if len(str(httpx.QueryParams(parameters))) <= _LONGEST_QUERY:
            return self._send("GET", "/v1/search", parameters, accept=accept)
        return self._send("POST", "/v1/search", body=as_body(asked), accept=accept)
