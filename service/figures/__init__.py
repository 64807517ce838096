"""Figures, as SVG and as PNG: the same drawing in a page and in a file of its own."""
