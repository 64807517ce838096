"""What the API takes and gives, typed: the contract is generated from these models."""
