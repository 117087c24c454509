#!/usr/bin/env python3
"""Measures h2-tokio beside other implementations, in turn, in several rounds, and says the medians.

    python3 h2-tokio/benches/compare.py                  everything, about twelve minutes
    python3 h2-tokio/benches/compare.py --quick          everything in small, about two minutes
    python3 h2-tokio/benches/compare.py --only clients   one section; several with commas
    python3 h2-tokio/benches/compare.py --list           what sections there are

A whole run writes `speed.md` and `speed.svg` into `h2-tokio/benches/results`; any run does with
`--output DIR`. What counts is CPU time, server and load on a core each, so a machine that does
something else at the same time spoils it less than a clock on the wall would, but it does.

Ours and the Rust peers are built with the same profile and use the same allocator and runtime.
Needs h2load and taskset. nghttpd, Node and strace are used where they are installed.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from comparison import measure, plot, programs, report, sections  # noqa: E402

RESULTS = Path(__file__).resolve().parent / "results"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, help="of every measurement; 5, or 1 with --quick")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, a tenth of the requests")
    parser.add_argument("--only", metavar="SECTIONS", default="", help="names with commas between them")
    parser.add_argument("--list", action="store_true", help="the sections and what they measure")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where the table and the plot go")
    parser.add_argument("--no-build", action="store_true", help="the programs are there and fresh")
    return parser.parse_args()


def main():
    args = arguments()
    if args.list:
        for section in sections.ALL:
            print(f"{section.name:12} {section.title}")
        return
    names = [name for name in args.only.split(",") if name]
    wanted = sections.select(names)
    if not args.no_build:
        programs.build()
    rounds = args.rounds or (1 if args.quick else 5)
    effort = measure.Effort(rounds=rounds, scale=0.1 if args.quick else 1.0)
    print(report.head(effort), flush=True)
    results = []
    for section in wanted:
        result = sections.run(section, effort)
        results.append(result)
        print(report.table(result), flush=True)
    output = args.output or (None if names or args.quick else RESULTS)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        text = [report.head(effort), *map(report.table, results)]
        (output / "speed.md").write_text("\n".join(text))
        bars = [result for result in results if result.section.name == "servers"]
        if bars:
            (output / "speed.svg").write_text(plot.bars(bars[0]))
        print(f"written to {output}")


if __name__ == "__main__":
    main()
