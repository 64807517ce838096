"""Statement against statement, state against state."""
