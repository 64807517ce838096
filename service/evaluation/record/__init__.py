"""What questions, builds and growth cost on the whole record of 1946-2023: `make bench-record`."""
