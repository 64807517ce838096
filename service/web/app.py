"""The application factory."""

from __future__ import annotations

from flask import Flask

from service.comparison import Comparator
from service.web.api import api
from service.web.corrections import corrections
from service.web.explanations import explanations
from service.web.issues import issues
from service.web.pages import pages
from service.web.problems import install_problems


def create_app(*, comparator: Comparator) -> Flask:
    """A WSGI application that asks `comparator`."""
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # fields in their documented order
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000
    app.extensions["comparator"] = comparator
    app.register_blueprint(api)
    app.register_blueprint(corrections)
    app.register_blueprint(explanations)
    app.register_blueprint(issues)
    app.register_blueprint(pages)
    install_problems(app)
    return app
