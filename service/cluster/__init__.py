"""Work in pieces on a Ray cluster, by a process that stands between it and Concord."""
