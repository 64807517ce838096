"""The pages: `frame` is what they have in common, each other module a page or a few."""

from __future__ import annotations

from service.web.pages.asking import asking
from service.web.pages.bloc import bloc
from service.web.pages.drafts import drafts
from service.web.pages.explaining import explaining
from service.web.pages.imports import imports
from service.web.pages.issue import issue
from service.web.pages.judging import judging
from service.web.pages.key import key
from service.web.pages.state import state
from service.web.pages.statement import statement
from service.web.pages.takeaways import takeaways
from service.web.pages.topic import topic
from service.web.pages.working import working

PAGES = (
    asking,
    explaining,
    key,
    takeaways,
    drafts,
    imports,
    working,
    state,
    statement,
    bloc,
    issue,
    judging,
    topic,
)
