"""DATASET_CARD.md."""

from core.ecg.test_manifest import manifest
from sweeptree.ecg.curate.card import card


def text(**changes):
    return card(manifest().model_copy(update=changes), {"NORM": 7}, []).decode()


def test_a_card_names_version_classes_licence_and_citations():
    found = text()
    for words in ("**1.0.3**", "| NORM | 7 |", "CC BY 4.0", "10.1038/s41597-020-0495-6"):
        assert words in found


def test_nothing_left_out_is_said():
    assert "## Left out\n\nNothing." in text()


def test_what_was_left_out_bears_its_reasons():
    found = text(quarantine={"5": ("flat_lead", "amplitude")})
    assert "1 record:\n\n* ecg 5: flat_lead, amplitude" in found


def test_a_long_list_is_cut_with_its_number():
    found = text(quarantine={str(n): ("flat_lead",) for n in range(25)})
    assert "* ecg 19:" in found
    assert "* ecg 20:" not in found
    assert "* and 5 more, in manifest.json and validation.csv" in found
