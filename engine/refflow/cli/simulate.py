"""`refflow simulate`: what a workflow will do, played ahead by the engine itself. Nothing is recorded or sent."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from refflow import api
from refflow.errors import UsageError
from refflow.events.event import instant

from .command import Choice, Command, Number
from .completing import contacts, openings, workflows
from .opened import Opened, judging
from .session import Session

if TYPE_CHECKING:
    from refflow.workflows.durations import Duration
    from refflow.workflows.language.definition import Definition


@click.command(cls=Command)
@click.argument("workflow", metavar="WORKFLOW|FILE|RUN", shell_complete=workflows)
@click.option("--contact", metavar="PERSON", shell_complete=contacts, help="With whom; else somebody made up.")
@click.option("--opening", metavar="OPENING", shell_complete=openings, help="About what; else made up.")
@click.option("--at", metavar="WHEN", help="When it begins; else now.")
@click.option("--with", "fields", multiple=True, metavar="FIELD=VALUE", help="What the starting event says.")
@click.option(
    "--reply",
    "replies",
    multiple=True,
    metavar="after=4bd,intent=agreed",
    help="An answer; may be given again.",
)
@click.option(
    "--event",
    "events",
    multiple=True,
    metavar="KIND,after=6bd",
    help="Something else that happens, at its time.",
)
@click.option("--approve-after", metavar="4h", default="0m", help="How long you take to release a message.")
@click.option(
    "--tasks", type=Choice(("done", "skipped", "expired")), default="done", help="What becomes of tasks."
)
@click.option("--all-paths", is_flag=True, help="Every outcome: whatever can happen at any place, once.")
@click.option(
    "--runs", type=Number(1, 1_000_000, example=1000), help="Play so many by chance, and count how they end."
)
@click.option("--seed", type=Number(0, example=7), default=1, help="With `--runs`: other chances.")
@click.option(
    "--answers",
    type=Number(0, 100, example=40),
    help="With `--runs`: how often of 100 one comes; else as in your log, or 30.",
)
@click.option("--texts", is_flag=True, help="Show the messages themselves.")
@click.pass_obj
def simulate(
    session: Session,
    workflow: str,
    contact: str | None,
    opening: str | None,
    at: str | None,
    fields: tuple[str, ...],
    replies: tuple[str, ...],
    events: tuple[str, ...],
    approve_after: str,
    tasks: Any,
    all_paths: bool,
    runs: int | None,
    seed: int,
    answers: int | None,
    texts: bool,
) -> None:
    """Play a workflow ahead: which messages it would send, when, and how it would end.

    WORKFLOW is a name, a file with a workflow that is not in force yet, or the id of a live run, which goes on
    from where it is. Without answers nobody ever writes. Nothing is recorded, and nothing is sent.
    """
    _check_together(runs, answers, all_paths, replies or events, texts)
    with judging(session) as opened:
        simulator = _simulator(opened, workflow, contact, opening, at, dict(map(_pair, fields)))
        if runs is not None:
            share = None if answers is None else answers / 100
            _tell_sampled(session, api.sample(simulator, runs, seed, share))
        elif all_paths:
            _tell_all(opened, simulator, simulator.all_paths())
        else:
            script = [_occurrence(opened, simulator, "reply.received", each) for each in replies]
            for each in events:
                kind, _, rest = each.partition(",")
                if kind not in opened.workspace.kinds:
                    raise UsageError(f"`{kind}` is no kind of event. Write `--event opening.closed,after=6bd`.")
                script.append(_occurrence(opened, simulator, kind, rest))
            habits = api.Habits(approves=_duration("--approve-after", approve_after), tasks=tasks)
            _tell(opened, simulator.play(script, habits), texts)


def _check_together(
    runs: int | None, answers: int | None, all_paths: bool, script: tuple[str, ...], texts: bool
) -> None:
    """Refuse options that mean nothing beside each other."""
    if runs is not None and all_paths:
        raise UsageError("`--all-paths` and `--runs` are two questions: give one of them.")
    many = "--runs" if runs is not None else "--all-paths" if all_paths else ""
    if many and (script or texts):
        raise UsageError(f"`{many}` makes up what happens: leave `--reply`, `--event` and `--texts` out.")
    if answers is not None and runs is None:
        raise UsageError("`--answers` goes with `--runs`.")


def _simulator(
    opened: Opened, text: str, contact: str | None, opening: str | None, at: str | None, fields: dict[str, str]
) -> api.Simulator:
    from refflow.views.runs.run import Run
    from refflow.workspace.folder import YAML

    workspace = opened.workspace
    begin = opened.when(at) or opened.now
    run = workspace.views.get(Run, text)
    if run is not None:
        if contact or opening or at or fields:
            raise UsageError(f"{text} is a live run: it has its people and its time.")
        if run.status != "live":
            raise UsageError(f"{text} is {run.status}: it goes nowhere.")
        return api.Simulator(
            workspace,
            run.workflow,
            at=opened.now,
            contact=api.find_contact(workspace, run.contact) if run.contact else None,
            opening=api.find_opening(workspace, run.opening) if run.opening else None,
            run=run,
        )
    workflow: str | Definition = text
    if text.endswith(YAML):
        workflow = api.read_definition(workspace, Path(text))
    return api.Simulator(
        workspace,
        workflow,
        at=begin,
        contact=api.find_contact(workspace, contact) if contact else None,
        opening=api.find_opening(workspace, opening) if opening else None,
        fields=fields,
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"`{text}` is not a field and its value: write `intent=agreed`.")
    return name.strip(), value.strip()


def _duration(where: str, text: str) -> Duration:
    from refflow.workflows.durations import parse_duration

    found = parse_duration(text)
    if found is None:
        raise UsageError(f"{where}: `{text}` is not a duration. Write it as one of: 30m, 4h, 5d, 5bd, 2w.")
    return found


def _occurrence(opened: Opened, simulator: api.Simulator, kind: str, text: str) -> api.Occurrence:
    fields = dict(_pair(each) for each in text.split(",") if each.strip())
    if "after" not in fields:
        raise UsageError(f"When? Write `after=4bd`, counted from the start, into `{text or kind}`.")
    begin = instant(simulator.start)
    after = opened.workspace.settings.calendar.add(begin, _duration("after", fields.pop("after"))) - begin
    return api.Occurrence(after=after, event=kind, fields=fields)


def _tell(opened: Opened, told: api.Simulated, texts: bool) -> None:
    session = opened.session
    if session.as_json:
        session.result(told)
        return
    output = session.output
    for line in told.lines:
        others = f"  [{line.workflow}]" if line.workflow not in ("", told.workflow) else ""
        output.line(f"{_day(opened, line.at)}  {line.text}{others}")
        if texts and line.body:
            output.line(_indented(f"{line.subject}\n\n{line.body}" if line.subject else line.body))
    if told.refused:
        output.line(f"It does not start: {told.refused}")
    elif told.parked:
        output.line(f"It is still at step `{told.parked}` after {_days(api.HORIZON)}.")
    elif told.ended_at is not None:
        length = _days(timedelta(microseconds=told.ended_at - told.started_at))
        output.line(
            f"{_messages(told.messages)}, over after {length}: {told.outcome} ({told.ending}).", bold=True
        )


def _tell_all(opened: Opened, simulator: api.Simulator, told: list[api.Simulated]) -> None:
    session = opened.session
    if session.as_json:
        session.result(told)
        return
    if not told:
        session.output.line("It does not start: none of its triggers does it. Say with whom, and about what.")
        return
    found: defaultdict[str, list[api.Simulated]] = defaultdict(list)
    for each in told:
        found[each.outcome or f"still at {each.parked}"].append(each)
    rows = [
        _outcome_row(opened, outcome, of)
        for outcome, of in sorted(found.items(), key=lambda item: -len(item[1]))
    ]
    rows += [(outcome, 0, "", "", "", "") for outcome in simulator.definition.outcomes if outcome not in found]
    session.output.table(("OUTCOME", "WAYS", "MESSAGES", "EARLIEST", "LATEST", "FOR EXAMPLE"), rows, right=(1,))


def _outcome_row(opened: Opened, outcome: str, of: list[api.Simulated]) -> tuple[object, ...]:
    sent = sorted(each.messages for each in of)
    ends = sorted(each.ended_at for each in of if each.ended_at is not None)
    simplest = min(
        of, key=lambda each: (sum("time passes" not in choice for choice in each.choices), each.messages)
    )
    happened = [choice for choice in simplest.choices if "time passes" not in choice]
    return (
        outcome,
        len(of),
        str(sent[0]) if sent[0] == sent[-1] else f"{sent[0]} to {sent[-1]}",
        _day(opened, ends[0]) if ends else "",
        _day(opened, ends[-1]) if ends else "",
        "; ".join(happened) or "nothing happens",
    )


def _tell_sampled(session: Session, found: api.Sampled) -> None:
    if session.as_json:
        session.result(found)
        return
    output = session.output
    output.table(
        ("OUTCOME", "RUNS", "SHARE"),
        [(outcome, count, f"{count / found.runs:.0%}") for outcome, count in found.outcomes.items()],
        right=(1, 2),
    )
    sent = ", ".join(f"{count} in {runs:,} runs" for count, runs in found.messages.items())
    output.line(f"Messages: {sent}.")
    output.line(f"Half are over after {found.median_days:g} days, all after {found.longest_days:g}.")
    output.line(_how_answered(found))


def _how_answered(found: api.Sampled) -> str:
    """Where the chances come from, and what that is worth."""
    of = f" of {found.log_workflow}" if found.log_workflow else ""
    log = f"{found.log_answered} of {found.log_messages} messages{of}"
    if found.basis == "log":
        half = f"half of them within {found.median_days_to_answer:g} days"
        return f"Answers come as they did in your log: to {log}, {half}."
    made_up = f"Answers are made up: to {found.share:.0%} of what waits for one"
    if found.basis == "given":
        return f"{made_up}, as you said. In your log they came to {log}."
    return f"{made_up}. Your log has too few to go by: they came to {log}."


def _day(opened: Opened, at: int) -> str:
    return f"{opened.workspace.settings.calendar.local(instant(at)):%a %Y-%m-%d %H:%M}"


def _days(length: timedelta) -> str:
    days = round(length / timedelta(days=1))
    return f"{days} day{'' if days == 1 else 's'}"


def _messages(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.rstrip().splitlines())
