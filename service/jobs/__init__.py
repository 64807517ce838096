"""Long work that shows progress, can be left and come back to, and survives a restart."""
