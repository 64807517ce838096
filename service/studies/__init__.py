"""Studies in files: their tables and figures with all that they rest on, to be made again."""
