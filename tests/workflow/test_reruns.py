"""What a change re-runs: its own stage, what follows, and nothing before it."""

import re

import pytest

from small_cohort import Run

DEIDENTIFY = [
    "deidentify",
    "convert",
    "deface",
    "measure_brain",
    "compare_brains",
    "audit",
    "release",
    "review",
    "report",
]


def planned(run: Run, **config: object) -> dict[str, int]:
    """The jobs that Snakemake would run, by rule."""
    finished = run.snakemake("--dry-run", **config)
    assert finished.returncode == 0, finished.stdout
    stats = re.search(r"^Job stats:\n(.*?)\n\n", finished.stdout, re.M | re.S)
    rows = re.findall(r"^(\w+) +(\d+)$", stats.group(1), re.M) if stats else []
    return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}


def test_nothing_is_left_to_do_after_a_run(small_run):
    assert planned(small_run) == {}


@pytest.mark.parametrize(
    ("config", "rules"),
    [
        ({"select": "[{field: Modality, in: [MR]}]"}, [*DEIDENTIFY, "survey"]),
        ({"deidentify": "{age_band_years: 10}"}, [*DEIDENTIFY, "survey"]),
        ({"convert": "{repeats: all}"}, DEIDENTIFY[1:]),
        ({"deface": "{limits: {ngf_min: 0.5}}"}, DEIDENTIFY[2:]),
        ({"morphometry": "{resolution_mm: 3.5}"}, ["measure_brain", "compare_brains", "release", "review", "report"]),
        (
            {"morphometry": "{resolution_mm: 3, limits: {gm_percent: 50}}"},
            ["compare_brains", "release", "review", "report"],
        ),
        ({"audit": "{ignore: [BRAIN]}"}, ["audit", "release", "review", "report"]),
        ({"release": "{name: Another}"}, ["release", "report"]),
        ({"report": "{title: Another}"}, ["review", "report"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_changed_setting_reruns_its_stage_and_what_follows_and_nothing_before_it(small_run, config, rules):
    assert set(planned(small_run, **config)) == set(rules)


def test_a_changed_deface_setting_measures_the_originals_not_again(small_run):
    sessions = len(small_run.cohort.expected)
    assert planned(small_run, deface="{limits: {ngf_min: 0.5}}")["measure_brain"] == sessions
