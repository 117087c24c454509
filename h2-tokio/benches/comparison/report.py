"""What is said about what was measured: Markdown."""

import os
import platform
import re
import subprocess
from pathlib import Path

from . import programs


def said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def versions():
    lock = (programs.BENCHES / "Cargo.lock").read_text()
    found = []
    for name, shown in (("h2", "hyperium/h2"), ("hyper", "hyper"), ("tokio", "tokio")):
        match = re.search(rf'name = "{name}"\nversion = "([^"]+)"', lock)
        found.append(f"{shown} {match.group(1)}" if match else shown)
    nghttpd, node = programs.which("nghttpd"), programs.which("node")
    if nghttpd:
        found.append(said(nghttpd, "--version"))
    if node:
        found.append(f"Node {said(node, '--version')}")
    found.append(said("rustc", "--version"))
    return ", ".join(found)


def head(effort):
    """On what, with what, and how often."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    machine = f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}"
    load = os.getloadavg()[0]
    quiet = "" if load < 0.5 else f" **The machine was busy when it began (load {load:.1f}).**"
    return (f"# Speed\n\n{machine}. {versions()}. Profile: release, thin LTO, one codegen unit. "
            f"Medians of at most {effort.rounds} rounds in turn; in brackets the ratio to hyperium/h2; "
            f"± is half of what lies between the lowest and the highest, in hundredths.{quiet}\n")


def cell(result, row, column):
    median = result.median(row, column)
    if median is None:
        return ""
    digits = 0 if median >= 100 else 1 if median >= 10 else 2
    figures = result.figures[row, column]
    text = f"{median:,.{digits}f}"
    ratio = result.ratio(row, column)
    if ratio is not None:
        text += f" ({ratio:.2f})"
    if len(figures) > 1:
        text += f" ±{(max(figures) - min(figures)) / 2 / median * 100:.0f}"
    return text


def table(result):
    section = result.section
    columns = list(section.columns)
    lines = [f"## {section.title}", "", "| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row in result.rows():
        lines.append(f"| {row} | " + " | ".join(cell(result, row, column) for column in columns) + " |")
    if not result.figures:
        lines.append("| not measured: a program for it is missing |" + " |" * len(columns))
    if section.note:
        lines += ["", section.note]
    return "\n".join([*lines, ""])
