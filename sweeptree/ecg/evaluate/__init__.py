"""Predictions judged: scores with intervals, figures, reports."""
