"""What an operator does to a deployment's data: back it up, restore it, bring it up to date."""
