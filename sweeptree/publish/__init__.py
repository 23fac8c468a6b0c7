"""What leaves the machine: the forge, deliveries to it, merges, and the tests of a commit before
either."""
