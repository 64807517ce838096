"""What statements, states and topics are. Standard library only."""
