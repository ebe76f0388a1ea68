"""A regression of the speed is seen: ratios within one short run, with wide margins."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(300)
BENCH = Path(__file__).with_name("bench.py")


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The results of a quick run in this environment."""
    pytest.importorskip("openai")
    pytest.importorskip("modelstream_openai")
    results = tmp_path_factory.mktemp("bench") / "results.json"
    asked = ["cost", "lag", "--quick", "--rounds=5", f"--json={results}"]
    subprocess.run([sys.executable, str(BENCH), *asked], check=True)
    return json.loads(results.read_text())


@pytest.fixture
def cost(measured):
    """The least CPU time of a chunk: what others do on the machine only adds."""
    return {name: row["least"] for name, row in measured["cost 2000"].items()}


@pytest.mark.parametrize("end", ["", ", async"], ids=["sync", "async"])
def test_a_chunk_costs_little_beside_the_sdk(cost, end):
    assert cost[f"openai SDK{end}"] / cost[f"modelstream{end}"] > 6


@pytest.mark.parametrize("end", ["", ", async"], ids=["sync", "async"])
def test_a_chunk_costs_little_over_the_floor(cost, end):
    assert cost[f"modelstream{end}"] / cost["floor"] < 15


def test_pairs_cost_little_more_than_deltas(cost):
    assert cost["modelstream, pairs"] / cost["modelstream"] < 2


@pytest.mark.parametrize("way", ["modelstream", "modelstream, async"])
def test_no_chunk_waits_for_the_next_one(measured, way):
    assert not measured["lag"][way]["waits"]
