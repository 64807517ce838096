"""The interface's catalogues, one a language: `python -m service.web.translations` updates them."""
