"""PTB-XL from its source into data/processed, verified."""
