"""Figures about the service itself: labels, benchmarks, checks of the bundled data."""
