"""Requests: sent, tried again, and answered from what was kept where that still holds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from service.client.answers import Raw
from service.client.asking import Row, as_parameters
from service.client.refusals import DROPPED, Pause, Unreachable, passes, refusal

TIMEOUT_S = 35.0  # a little more than the service takes for an answer
RETRIES = 4
JSON = "application/json"
_MOST_KEPT = 64  # answers
_T = TypeVar("_T")


class Transport:
    """To the service at `address`, as `Client` says."""

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
        headers = {"User-Agent": "concord-client", "Accept": JSON}
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

    def _get(self, path: str, asked: Raw | None = None) -> Row:
        found: Row = self._send("GET", path, as_parameters(asked or {})).json()
        return found

    def _send(
        self,
        method: str,
        path: str,
        parameters: Raw | None = None,
        *,
        body: Any = None,
        accept: str = JSON,
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
        answer = self._tried(lambda: self._once(request))
        if answer.status_code == 304 and kept is not None:
            return kept
        if method == "GET" and "ETag" in answer.headers:
            self._kept.put(question, answer)
        return answer

    def _save(self, path: str, file: Path) -> None:
        """What is at `path`, as it comes, into a file, from its beginning at each try."""

        def save() -> None:
            with self._http.stream("GET", path, headers={"Accept": "*/*"}) as answer:
                if not answer.is_success:
                    answer.read()
                    raise refusal(answer)
                with file.open("wb") as saved:
                    for piece in answer.iter_bytes():
                        saved.write(piece)

        self._tried(save)

    def _once(self, request: httpx.Request) -> httpx.Response:
        answer = self._http.send(request)
        if answer.is_success or answer.status_code == 304:
            return answer
        raise refusal(answer)

    def _tried(self, send: Callable[[], _T]) -> _T:
        try:
            return self._retrying.copy()(send)
        except DROPPED as error:
            what = str(error) or type(error).__name__
            raise Unreachable(f"{self.address} doesn't answer: {what}") from error


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
