"""`make bench-peers`: this service and the field, on the same vectors and the same queries."""
