"""What a reader takes away from an answer: a brief, its table, its citations."""
