"""The deployables that prefect.yaml names: wiring only."""
