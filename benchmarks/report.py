"""The figures as a table in Markdown, each with its limit and whether it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import limits
from .contests import Line, Outcome
from .funnels import PreviewCase
from .timing import Result

_HEADER = (
    "| operation | hand-written | product | ratio | of CPU time | limit | plan | statements | rows written | memory |\n"
    "|---|---:|---:|---:|---:|---|---|---:|---:|---:|"
)
_README = Path(__file__).parent / "README.md"


def table(size: int, outcome: Outcome) -> str:
    """One rule at one size."""
    title = f"{outcome.case.title}; {outcome.matching:,} of {size:,} match; hand-written as {outcome.form}"
    rows = "\n".join(_row(size, line) for line in outcome.lines)
    yardsticks = "\n".join(f"* {yardstick.title}: {yardstick.ratio:.2f} x" for yardstick in outcome.yardsticks)
    return f"**{title}**\n\n{_HEADER}\n{rows}\n\nFor comparison:\n\n{yardsticks}\n"


def failures(size: int, outcomes: list[Outcome]) -> Iterator[str]:
    """What is over its limit."""
    for outcome in outcomes:
        for line in outcome.lines:
            limit = limits.ratio_limit(size, line.operation)
            if limit is not None and _ratio(line) > limit:
                yield f"{outcome.case.name}, {line.operation}: {_ratio(line):.2f} x, limit {limit:g} x"
            most = limits.memory_limit(size)
            if line.megabytes is not None and line.megabytes > most:
                yield f"{outcome.case.name}, {line.operation}: {line.megabytes} MB, limit {most} MB"


def save(size: int | str, text: str) -> None:
    """Put the report into its place in the README."""
    _save(str(size), text)


def _save(place: str, text: str) -> None:
    start, end = f"<!-- results of {place} -->", f"<!-- end of {place} -->"
    before, rest = _README.read_text().split(start)
    _README.write_text(f"{before}{start}\n{text.strip()}\n{end}{rest.split(end)[1]}")


def _ratio(line: Line) -> float:
    return line.product.median / line.hand.median


def _row(size: int, line: Line) -> str:
    limit = limits.ratio_limit(size, line.operation)
    kept = "" if limit is None else f"{limit:g}: {'ok' if _ratio(line) <= limit else '**over**'}"
    cells = (
        line.operation,
        _time(line.hand.median),
        _time(line.product.median),
        f"{_ratio(line):.2f}",
        _processor_ratio(line),
        kept,
        line.plan,
        str(line.product.statements),
        str(line.product.rows_written),
        _memory(size, line.megabytes),
    )
    return f"| {' | '.join(cells)} |"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds:.2f} s"


def _processor_ratio(line: Line) -> str:
    hand, product = line.hand.cpu_median, line.product.cpu_median
    return f"{product / hand:.2f}" if hand and product else ""


def _memory(size: int, megabytes: float | None) -> str:
    if megabytes is None:
        return "?"
    return f"{megabytes:.1f} MB" if megabytes <= limits.memory_limit(size) else f"**{megabytes:.1f} MB**"


@dataclass(frozen=True)
class PreviewLine:
    """A full preview of one rule beside its hand-written SQL, and the preview of which only the count was asked for."""

    case: PreviewCase
    matching: int
    form: str
    hand: Result
    product: Result
    count: Result
    plan: str

    @property
    def ratio(self) -> float:
        """How many times the hand-written SQL."""
        return self.product.median / self.hand.median


def preview_table(size: int, lines: list[PreviewLine]) -> str:
    """Full previews, a line for each rule."""
    head = (
        "| rule | matching | hand-written | form | full preview | ratio | of CPU time | limit | plan | statements "
        "| only the count |\n|---|---:|---:|---|---:|---:|---:|---|---|---:|---:|"
    )
    titles = "\n".join(f"* {line.case.name}: {line.case.title}" for line in lines)
    return "\n".join([head, *(_preview_row(size, line) for line in lines), "", titles])


def preview_failures(size: int, lines: list[PreviewLine]) -> Iterator[str]:
    """What is over its limit."""
    for line in lines:
        limit = limits.preview_limit(size, len(line.case.conditions))
        if limit is not None and line.ratio > limit:
            yield f"full preview of {line.case.name}: {line.ratio:.2f} x, limit {limit:g} x"


def save_previews(text: str) -> None:
    """Put the report into its place in the README."""
    _save("previews", text)


def _preview_row(size: int, line: PreviewLine) -> str:
    limit = limits.preview_limit(size, len(line.case.conditions))
    kept = "" if limit is None else f"{limit:g}: {'ok' if line.ratio <= limit else '**over**'}"
    hand, product = line.hand.cpu_median, line.product.cpu_median
    cells = (
        line.case.name,
        f"{line.matching:,} of {size:,}",
        _time(line.hand.median),
        line.form,
        _time(line.product.median),
        f"{line.ratio:.2f}",
        f"{product / hand:.2f}" if hand and product else "",
        kept,
        line.plan,
        str(line.product.statements),
        _time(line.count.median),
    )
    return f"| {' | '.join(cells)} |"
