"""The application factory."""

from __future__ import annotations

from flask import Flask

from service.accounts.accounts import Accounts
from service.comparison import Comparator
from service.web.access import install_access
from service.web.analyses import analyses
from service.web.caching import install_caching
from service.web.comparing import comparing
from service.web.corrections import corrections
from service.web.documentation import documentation, documents
from service.web.encoding import Json
from service.web.explanations import explanations
from service.web.feeds import feeds
from service.web.headers import install_headers
from service.web.health import install_health
from service.web.issues import issues
from service.web.jobs import install_jobs
from service.web.limits import install_limits
from service.web.lists import lists
from service.web.logs import install_logs
from service.web.matrices import matrices
from service.web.metrics import install_metrics
from service.web.pages import PAGES
from service.web.pages.frame import install_pages
from service.web.problems import install_problems
from service.web.profiles import profiles
from service.web.records import records
from service.web.search import search
from service.web.statements import statements
from service.web.studies import studies


def create_app(*, comparator: Comparator, bound_host: str | None = None) -> Flask:
    """A WSGI application that asks `comparator`, to be served at `bound_host`: where that isn't
    loopback, or isn't known, nobody reads without a key unless the settings say so."""
    app = Flask(__name__)
    app.json = Json(app)
    app.extensions["comparator"] = comparator
    # The first installed sees a request first and its answer last.
    install_logs(app, comparator.settings)
    install_limits(app, comparator.settings)
    install_metrics(app, comparator)
    app.config["BOUND_HOST"] = bound_host
    install_access(app, Accounts(comparator.settings))
    install_jobs(app, comparator)
    install_health(app)
    install_headers(app, comparator.settings)
    install_caching(app, comparator.settings)
    for blueprint in (
        search, analyses, comparing, matrices, studies, profiles, feeds, records, statements, lists,
        issues, corrections, explanations, documentation, documents,
    ):  # fmt: skip
        app.register_blueprint(blueprint)
    install_pages(app, PAGES)
    install_problems(app)
    return app
