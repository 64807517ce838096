"""Same position, or its opposite: the stance of one claim towards another."""
