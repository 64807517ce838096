"""Concord: which other states hold this position?"""

__version__ = "0.1.0"
