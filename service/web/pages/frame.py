"""The pages' frame: each page is plain values in a template, and the same values as JSON.

A page at `/states/FRA` has its twin at `/states/FRA.json`; that of `/` is `/index.json`. Forms are
posted by this site's own pages only.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Flask, Response, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue

from service.domain.access import Scope
from service.domain.blocs import Bloc
from service.domain.topics import Topic
from service.errors import OtherSite
from service.web import access, problems
from service.web.asked import comparator
from service.web.pages import language, visitor
from service.web.pages.text import marked, visible

_View = TypeVar("_View", bound=Callable[..., Any])
# Said beside every verdict of the model until its figures are what they should be.
MACHINE_JUDGEMENT = True


class Pages(Blueprint):
    """A blueprint of pages."""

    def __init__(self, name: str) -> None:
        super().__init__(name, __name__, template_folder="../templates")

    def page(
        self, rule: str, template: str, *, open_to_all: bool = False
    ) -> Callable[[_View], _View]:
        """The view gives plain JSON values by name, or these with a status; the template has them
        as `shown`. What it raises of our errors becomes a page, or in the twin a problem."""

        def declared(view: _View) -> _View:
            def html(**path: str) -> ResponseReturnValue:
                shown, status = _content(view(**path))
                return _answer(render_template(template, shown=shown), status)

            def twin(**path: str) -> ResponseReturnValue:
                shown, status = _content(view(**path))
                answer = jsonify(shown)
                answer.status_code = status
                return visitor.remember(_fresh(answer))

            name = view.__name__
            for function, path, endpoint in (
                (html, rule, name), (twin, twin_of(rule), f"{name}_json"),
            ):  # fmt: skip
                function.__doc__ = view.__doc__
                access.admits(function, Scope.READ, open_to_all=open_to_all)
                problems.shows(function, page=function is html)
                self.add_url_rule(path, endpoint, function, methods=["GET"])
            return view

        return declared

    def form(
        self, rule: str, *, scope: Scope = Scope.READ, open_to_all: bool = False
    ) -> Callable[[_View], _View]:
        """The view takes what was posted and gives a response, as a rule a redirect."""

        def declared(view: _View) -> _View:
            @functools.wraps(view)
            def posted(**path: str) -> ResponseReturnValue:
                _refuse_other_sites()
                return _fresh(make_response(view(**path)))

            access.admits(posted, scope, open_to_all=open_to_all)
            problems.shows(posted, page=True)
            self.add_url_rule(rule, view.__name__, posted, methods=["POST"])
            return view

        return declared


def twin_of(path: str) -> str:
    """The address of a page's twin."""
    return "/index.json" if path == "/" else f"{path}.json"


def install_pages(app: Flask, blueprints: tuple[Blueprint, ...]) -> None:
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    app.jinja_env.filters.update(
        visible=visible,
        marked=marked,
        day=language.day_in_words,
        number=language.number_in_words,
        percent=language.percent_in_words,
    )
    app.context_processor(_context)
    app.extensions["refusal_page"] = _refused


def address(path: str, **query: Any) -> str:
    """With what has a value; lists are repeated."""
    given = {name: value for name, value in query.items() if value not in (None, "", [], ())}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def _context() -> dict[str, Any]:
    catalogue = comparator().catalogue

    def named(known: Iterable[Topic] | Iterable[Bloc]) -> Callable[[str], str]:
        names = {one.id: one.name for one in known}
        return lambda key: language.gettext(names.get(key, key))

    def state_name(code: str) -> str:
        state = catalogue.states.get(code)
        return language.state_in_words(state) if state else code

    def asked_url(text: str, **more: Any) -> str:
        return address("/", text=text, **more)

    return {
        "_": language.gettext,
        "ngettext": language.ngettext,
        "lang": language.language(),
        "dir": language.direction(),
        "languages": language.LANGUAGES,
        "state_name": state_name,
        "topic_name": named(catalogue.topics),
        "bloc_name": named(catalogue.blocs),
        "we": visitor.we(),
        "address": address,
        "asked_url": asked_url,
        "here": _here,
        "twin": address(twin_of(request.path), **request.args.to_dict(flat=False)),
        "machine_judgement": MACHINE_JUDGEMENT,
        "signed_in": access.KEY_COOKIE in request.cookies,
        "keys_matter": not access.anyone_reads_here(),
    }


def _here(**changes: Any) -> str:
    """This page's address with some parameters changed; None takes one away."""
    given: dict[str, Any] = request.args.to_dict(flat=False)
    return address(request.path, **(given | changes))


def _refused(problem: Mapping[str, Any]) -> Response:
    """A page that says what is wrong and what to do."""
    return _answer(render_template("refused.html", shown=dict(problem)), int(problem["status"]))


def _content(found: Any) -> tuple[dict[str, Any], int]:
    return found if isinstance(found, tuple) else (found, 200)


def _answer(page: str, status: int) -> Response:
    answer = make_response(page, status)
    return visitor.remember(_fresh(answer))


def _fresh(answer: Response) -> Response:
    """One reader's own, asked for again whenever it is opened anew; going back needs no asking."""
    answer.headers.setdefault("Cache-Control", "private, no-cache")
    answer.vary.update(("Cookie", "Accept-Language", "Accept-Encoding"))
    return answer


def _refuse_other_sites() -> None:
    """A form on another site must not act for who reads this one."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        own = site in ("same-origin", "none")
    else:
        origin = request.headers.get("Origin")
        own = origin is None or urlsplit(origin).netloc == request.host
    if not own:
        raise OtherSite("forms are sent from this site's own pages only")
