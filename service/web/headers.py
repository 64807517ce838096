"""Headers that keep browsers from doing what a page or answer never needs, and let dashboards on
other origins read the API where the operator names them."""

from __future__ import annotations

from flask import Flask, Response
from flask_cors import CORS

from service.settings import Settings

POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
        "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
_ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# What a script of another origin may read beside the answer itself.
_READABLE = (
    "ETag", "Link", "Location", "Retry-After", "X-Generation", "X-Next-Cursor", "X-Request-ID",
    "RateLimit", "RateLimit-Policy",
)  # fmt: skip


def install_headers(app: Flask, settings: Settings) -> None:
    if settings.cors_origins:
        CORS(
            app,
            resources={r"/v1/.*": {}, r"/openapi\.json": {}},
            origins=list(settings.cors_origins),
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match",
                           "X-API-Key", "X-Request-ID"],
            expose_headers=list(_READABLE),
            max_age=3600,
        )  # fmt: skip

    @app.after_request
    def secure(answer: Response) -> Response:
        for name, value in _ALWAYS.items():
            answer.headers.setdefault(name, value)
        if not settings.cors_origins:
            answer.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return answer
