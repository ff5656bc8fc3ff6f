"""What a job costs, how fast cancels and stops take effect, and what pools leave behind.

Run with `pytest --benchmark-only tests/benchmarks/test_pool_speed.py`; figures mean nothing without the machine.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from halscope.rom.image import Rom
from support import plain_packer, pool_figures
from support.truth_rom import make_truth_rom


@cache
def rom() -> Rom:
    return make_truth_rom(5, size=0x400000, blocks=384, packers=(("hal", plain_packer.pack),)).rom


def test_from_submit_to_start(benchmark: Any) -> None:
    latencies = sorted(benchmark.pedantic(pool_figures.start_latencies, rounds=3))
    benchmark.extra_info["p50 us"] = round(latencies[len(latencies) // 2] * 1e6)
    benchmark.extra_info["p99 us"] = round(latencies[len(latencies) * 99 // 100] * 1e6)


def test_tiny_jobs(benchmark: Any) -> None:
    benchmark.extra_info["jobs a second"] = round(benchmark.pedantic(pool_figures.tiny_jobs_per_second, rounds=3))


def test_a_cancel_of_an_index_build_of_4_mib_is_felt_within_10_ms(benchmark: Any) -> None:
    felt = sorted(benchmark.pedantic(lambda: pool_figures.cancels_felt(rom()), rounds=1))
    benchmark.extra_info["median ms"] = round(felt[len(felt) // 2] * 1e3, 2)
    benchmark.extra_info["worst ms"] = round(felt[-1] * 1e3, 2)


def test_a_cancelled_index_build_of_4_mib_goes_on_for_10_ms_of_processor_time_at_most(benchmark: Any) -> None:
    costs = sorted(benchmark.pedantic(lambda: pool_figures.cancels_cost(rom()), rounds=1))
    benchmark.extra_info["median ms"] = round(costs[len(costs) // 2] * 1e3, 2)
    benchmark.extra_info["worst ms"] = round(costs[-1] * 1e3, 2)


def test_a_stop_under_full_load_takes_less_than_a_second(benchmark: Any) -> None:
    stops = benchmark.pedantic(lambda: pool_figures.stops_under_load(rom()), rounds=1)
    benchmark.extra_info["worst ms"] = round(max(stops) * 1e3, 1)


def test_a_thousand_start_stop_cycles_leave_nothing(benchmark: Any) -> None:
    cycles = benchmark.pedantic(pool_figures.start_stop_cycles, rounds=1)
    assert cycles.threads == cycles.handles == 0
    assert cycles.bytes_grown <= 2 << 20
    benchmark.extra_info["KiB grown"] = cycles.bytes_grown >> 10
    benchmark.extra_info["ms each"] = round(cycles.seconds_each * 1e3, 2)
