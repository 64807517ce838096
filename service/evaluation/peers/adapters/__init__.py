"""One peer a file, as its own documentation configures it. Run by the peers' own Python, which has
none of this project: what they need comes with the `Dataset`."""
