"""A second opinion on GitHub: npm's emulate."""
