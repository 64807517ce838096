"""From files to statements and claims: one reader a format."""
