"""What the linear model sees of a record: its typical beat, its spectrum, its amplitudes."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
LEADS, SAMPLES = 12, 1000  # ten seconds at 100 Hz


def beat_starts(signal: Array) -> NDArray[np.int64]:
    """Sample numbers of the heart beats of one record: peaks of the slope, at least 0.3 s apart."""
    slope = np.convolve(np.abs(np.diff(signal)).sum(0), np.ones(5) / 5, "same")
    padded = np.pad(slope, 15, constant_values=-1)
    highest = np.lib.stride_tricks.sliding_window_view(padded, 31).max(1)
    peaks = np.flatnonzero((slope == highest) & (slope > 0.4 * np.percentile(slope, 98)))
    return peaks[(peaks >= 30) & (peaks < SAMPLES - 50)]


def median_beat(signal: Array) -> Array:
    """The record's typical beat, (12, 40) mV at 50 Hz; zeros when no beat was found."""
    starts = beat_starts(signal)
    if not len(starts):
        return np.zeros((LEADS, 40), np.float32)
    beats = np.stack([signal[:, s - 30 : s + 50] for s in starts])
    beat: Array = np.median(beats, axis=0).astype(np.float32).reshape(LEADS, 40, 2).mean(2)
    return beat - np.median(beat, axis=1, keepdims=True)


def features(signals: Array) -> Array:
    """Signals (n, 12, 1000) in mV to (n, 672): median beat, spectrum in eight bands, amplitude
    quantiles."""
    beats = np.stack([median_beat(s) for s in signals]).reshape(len(signals), -1)
    power = np.abs(np.fft.rfft(signals, axis=2))[:, :, 5:405] ** 2  # 0.5 to 40.5 Hz
    bands = np.log(power.reshape(len(signals), LEADS, 8, 50).mean(3) + 1e-3)
    ordered = np.sort(signals, axis=2)[:, :, [5, 20, 50, 200, 800, 950, 980, 995]]
    parts = (beats, bands.reshape(len(signals), -1), ordered.reshape(len(signals), -1))
    return np.concatenate(parts, axis=1).astype(np.float32)
