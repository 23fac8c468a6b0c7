"""A forge to test against: GitHub's REST interface over a real bare repository that git's own
server serves."""
