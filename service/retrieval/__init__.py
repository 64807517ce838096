"""Text to vectors, vectors to an index, and the library that holds the words."""
