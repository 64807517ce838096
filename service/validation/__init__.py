"""What statements say against what states do: roll calls of the General Assembly."""
