"""How states vote in the General Assembly: roll calls, what they decide, who votes alike."""
