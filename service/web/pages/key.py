"""`/key`: a browser's key, where a deployment asks for one."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request

from service.web.access import KEY_COOKIE, accounts
from service.web.pages.frame import Pages
from service.web.pages.visitor import put

key = Pages("key_page")


@key.page("/key", "key.html", open_to_all=True)
def asked() -> dict[str, Any]:
    return {"signed_in": KEY_COOKIE in request.cookies}


@key.form("/key", open_to_all=True)
def given() -> Any:
    """A good key is kept in a cookie that no script and no other site can read; without one, the
    kept one is forgotten."""
    token = request.form.get("key", "").strip()
    answer: Response = redirect("/", 303)  # type: ignore[assignment]
    if not token:
        answer.delete_cookie(KEY_COOKIE)
        return answer
    accounts().keys.check(token)
    put(answer, KEY_COOKIE, token)
    return answer
