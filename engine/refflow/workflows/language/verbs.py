"""What each verb of a step compiles to. Each says whether the flow comes out at the end of the step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from refflow.events import messages, runs
from refflow.spelling import did_you_mean

from .compiler import Cases, Compiler, Step, Verb
from .definition import Branch, Emit, Exit, Go, Jump, Loop, Match, Send, Set, Source, Start, Task, Use, Wait
from .event_names import awaited_event, event_name
from .policy_file import read_approval, read_window
from .reading import meant, one_of, pairs
from .vocabulary import SUBJECTS
from .yaml_source import Mapping as MappingNode
from .yaml_source import Node, Scalar, Sequence

NOTHING = Source(text="", line=0, column=0)
"""Stands for an expression that is missing and has been reported."""

_ANSWERS = ("got", "timeout")
_TASK_OUTCOMES = ("done", "skipped", "expired")
_OWN_RECORDS = frozenset(kind.name for kind in (*messages.KINDS, *runs.KINDS))


def _send(compiler: Compiler, step: Step) -> bool:
    keys = ("template", "channel", "to", "thread", "approval", "urgent", "window", "data")
    node = compiler.reader.mapping(step.value, "`send`", keys, required=("template",))
    values = {} if node is None else node.values
    fields = {name: _send_field(compiler, name, value) for name, value in values.items()}
    to = fields.get("to")
    if "thread" in values and fields["thread"] is not None and isinstance(values["thread"], Scalar):
        compiler.threaded(values["thread"], to and to.text)
    if "contact" not in compiler.known.subjects and "to" not in values:
        help = "add `contact: ...` to `subject`, or say whom with `to`"
        compiler.reader.wrong("E006", "`send` needs a contact", step.verb, help)
        fields["template"] = None
    given = {name: value for name, value in fields.items() if name in keys and value is not None}
    compiler.sent(step.id, to and to.text)
    at = compiler.add(Send(**step.place, **{"template": "", **given}))
    if "failed" in step.beside:
        over = compiler.add(Jump(**step.place, to=0))  # what has been sent passes by the branch
        addresses, _ = compiler.branches(step, {"failed": step.beside["failed"]})
        compiler.set(at, failed=addresses["failed"])
        compiler.land([over])
    return True


def _send_field(compiler: Compiler, name: str, value: Node) -> Any:
    match name:
        case "template":
            return compiler.reader.known(value, "E140", "template", compiler.known.templates)
        case "channel":
            return compiler.reader.known(value, "E154", "channel", compiler.known.channels)
        case "approval":
            return read_approval(compiler.reader, value)
        case "window":
            return read_window(compiler.reader, value)
        case "data":
            return _sources(compiler, compiler.reader.mapping(value, "`data`"))
        case "urgent":
            return compiler.reader.flag(value, "`urgent`")
        case "thread":
            return compiler.reader.text(value, "`thread`")
        case "to":
            return compiler.reader.expression(value, "`to`")
    return None


def _sources(compiler: Compiler, node: MappingNode | None) -> dict[str, Source]:
    """An expression by each name."""
    return {
        name: source
        for name, _, value in (() if node is None else pairs(node))
        if (source := compiler.reader.expression(value, f"`{name}`")) is not None
    }


def _wait(compiler: Compiler, step: Step) -> bool:
    reader = compiler.reader
    if isinstance(step.value, Scalar):
        _no_answers(compiler, step)
        compiler.add(Wait(**step.place, silence=reader.duration_expression(step.value, "`wait`")))
        return True
    node = reader.mapping(step.value, "`wait`", ("for", "within", "settle", "since", "until"))
    if node is None:
        return True
    if "for" in node.values:
        return _wait_for(compiler, step, node)
    _no_answers(compiler, step)
    if "until" not in node.values:
        reader.wrong("E006", "`wait` needs a duration, `until` or `for`", node, "write `wait: 5bd`, say")
        return True
    for name in ("within", "settle", "since"):
        if name in node.values:
            reader.wrong("E003", f"`{name}` goes with `for`", node.keys[name])
    compiler.add(Wait(**step.place, until=reader.expression(node.values["until"], "`until`")))
    return True


def _no_answers(compiler: Compiler, step: Step) -> None:
    for name in _ANSWERS:
        if name in step.beside:
            compiler.reader.wrong("E003", f"`{name}` goes with `wait: {{for: ...}}`", step.beside[name])


def _wait_for(compiler: Compiler, step: Step, node: MappingNode) -> bool:
    reader = compiler.reader
    if "until" in node.values:
        reader.wrong("E003", "`until` does not go with `for`", node.keys["until"], "write `within`")
    within = None
    if "within" in node.values:
        within = reader.duration_expression(node.values["within"], "`within`")
    else:
        message = "a wait for an event needs `within`, otherwise the run can wait for ever"
        reader.wrong("E210", message, node, "add `within: 10bd`, say")
    settle = None
    if "settle" in node.values:
        settle = reader.duration_expression(node.values["settle"], "`settle`")
    since = reader.text(node.values["since"], "`since`") if "since" in node.values else None
    if since is not None:
        compiler.refers(node.values["since"])
    events = _awaited(compiler, node.values["for"])
    wait = Wait(**step.place, events=events, within=within, settle=settle, since=since)
    at = compiler.add(wait)
    got = _got(compiler, step, events)
    addresses, falls = compiler.branches(step, {**got, "timeout": _required(compiler, step, "timeout")})
    to = {event: addresses[event if event in got else "got"] for event in events}
    compiler.set(at, got=to, timeout=addresses["timeout"])
    return falls


def _awaited(compiler: Compiler, node: Node) -> tuple[str, ...]:
    nodes = [node] if isinstance(node, Scalar) else compiler.reader.items(node, "`for`")
    if isinstance(node, Sequence) and not nodes:
        help = "name an event, or write `wait: 5bd` for a plain silence"
        compiler.reader.wrong("E006", "`for` names nothing to wait for", node, help)
    found = [awaited_event(compiler.reader, each, compiler.known.kinds) for each in nodes]
    return tuple(dict.fromkeys(event for event in found if event is not None))


def _got(compiler: Compiler, step: Step, events: tuple[str, ...]) -> dict[str, Node | None]:
    """The branches for what is awaited: one for each event, or `got` for all."""
    node = step.beside.get("got")
    if not isinstance(node, MappingNode):
        return {"got": _required(compiler, step, "got")}
    for name, key, _ in tuple(pairs(node)):
        if name not in events:
            help = did_you_mean(name, events)
            found = meant(node, name, [event for event in events if event not in node.values])
            if found is None or found in compiler.known.kinds:  # else it is `for` that is misspelt
                compiler.reader.wrong("E213", f"this step does not wait for `{name}`", key, help)
    for event in events:
        if event not in node.values:
            help = f"add `{event}: []` to continue"
            compiler.reader.wrong("E211", f"`{event}` is not handled", step.verb, help)
    return {event: node.values.get(event) for event in events}


def _required(compiler: Compiler, step: Step, name: str) -> Node | None:
    if name not in step.beside:
        what = f"task outcome `{name}`" if name in _TASK_OUTCOMES else f"`{name}`"
        compiler.reader.wrong("E211", f"{what} is not handled", step.verb, f"add `{name}: []` to continue")
    return step.beside.get(name)


def _task(compiler: Compiler, step: Step) -> bool:
    reader = compiler.reader
    keys = ("title", "within", "assignee", "help")
    node = reader.mapping(step.value, "`task`", keys, required=("title",))
    values = {} if node is None else node.values
    if node is not None and "within" not in values:
        message = "a task needs `within`, otherwise the run can wait for ever"
        reader.wrong("E212", message, node, "add `within: 3bd`, say")
    title = reader.expression(values["title"], "`title`") if "title" in values else None
    help = reader.expression(values["help"], "`help`") if "help" in values else None
    within = reader.duration_expression(values["within"], "`within`") if "within" in values else None
    assignee = _assignee(compiler, values["assignee"]) if "assignee" in values else None
    task = Task(
        **step.place,
        title=title or NOTHING,
        help=help,
        within=within or NOTHING,
        assignee=assignee,
        done=0,
        skipped=0,
        expired=0,
    )
    at = compiler.add(task)
    nodes = {name: _required(compiler, step, name) for name in _TASK_OUTCOMES}
    addresses, falls = compiler.branches(step, nodes)
    compiler.set(at, **addresses)
    return falls


def _assignee(compiler: Compiler, node: Node) -> str | None:
    """Who is to do a task, in a line: a role or a name, as it is written."""
    found = compiler.reader.text(node, "`assignee`")
    if found is not None and (not found.strip() or len(found.splitlines()) > 1 or "{" in found):
        help = "write a role or a name, as `coach`; without `assignee` the task is yours"
        compiler.reader.wrong("E011", "`assignee` is a plain text of one line", node, help)
        return None
    return found


def _choose(compiler: Compiler, step: Step) -> bool:
    jumps: list[int] = []
    for item in compiler.reader.items(step.value, "`choose`"):
        node = compiler.reader.mapping(item, "a case", ("if", "do", "ok"), required=("if", "do"))
        values = {} if node is None else node.values
        condition = compiler.reader.expression(values["if"], "`if`") if "if" in values else None
        at = compiler.add(Branch(**step.place, condition=condition or NOTHING, otherwise=0))
        if "do" not in values or compiler.steps(compiler.reader.items(values["do"], "`do`")):
            jumps.append(compiler.add(Jump(**step.place, to=0)))
        compiler.set(at, otherwise=compiler.here)
    otherwise = step.beside.get("else")
    falls = otherwise is None or compiler.steps(compiler.reader.items(otherwise, "`else`"))
    compiler.land(jumps)
    return falls or bool(jumps)


def _match(compiler: Compiler, step: Step) -> bool:
    reader = compiler.reader
    if "cases" not in step.beside:
        reader.wrong("E006", "`match` needs `cases`", step.verb)
        return True
    value = reader.expression(step.value, "`match`")
    cases = reader.mapping(step.beside["cases"], "`cases`")
    if cases is None:
        return True
    at = compiler.add(Match(**step.place, value=value or NOTHING, cases={}))
    compiler.cases[at] = Cases(step.verb, cases.keys)
    bodies: dict[str, Node | None] = {f"cases: {name}": node for name, node in cases.values.items()}
    if "else" in step.beside:
        bodies["else"] = step.beside["else"]
    addresses, falls = compiler.branches(step, bodies)
    otherwise = addresses.pop("else", None)
    compiler.set(at, cases=dict(zip(cases.values, addresses.values(), strict=True)), otherwise=otherwise)
    return falls


def _repeat(compiler: Compiler, step: Step) -> bool:
    reader = compiler.reader
    node = reader.mapping(step.value, "`repeat`", ("max", "until", "do"), required=("do",))
    values = {} if node is None else node.values
    if node is not None and "max" not in values:
        reader.wrong("E220", "a loop needs `max`, otherwise it can go on for ever", node, "add `max: 3`, say")
    most = reader.expression(values["max"], "`max`") if "max" in values else None
    until = reader.expression(values["until"], "`until`") if "until" in values else None
    compiler.loops += 1
    head = compiler.add(Loop(**step.place, most=most or NOTHING, until=until, end=0))
    if "do" in values and compiler.steps(reader.items(values["do"], "`do`")):
        compiler.add(Jump(**step.place, to=head))
    compiler.loops -= 1
    compiler.set(head, end=compiler.here)
    return True


def _emit(compiler: Compiler, step: Step) -> bool:
    reader = compiler.reader
    node = reader.mapping(step.value, "`emit`", ("event", "data"), required=("event",))
    if node is None or "event" not in node.values:
        return True
    written = node.values["event"]
    event = event_name(reader, written, compiler.known.kinds)
    data = reader.mapping(node.values["data"], "`data`") if "data" in node.values else None
    sources = _sources(compiler, data)
    if event is None or event not in compiler.known.kinds:
        return True
    if event in _OWN_RECORDS:
        reader.wrong("E153", f"`{event}` is a record of refflow's own; no workflow can emit it", written)
        return True
    _check_fields(compiler, compiler.known.kinds[event].payload, written, data)
    compiler.add(Emit(**step.place, event=event, data=sources))
    return True


def _check_fields(
    compiler: Compiler, payload: type[msgspec.Struct], event: Node, data: MappingNode | None
) -> None:
    given = {} if data is None else data.keys
    fields = {field.name: field for field in msgspec.structs.fields(payload)}
    for name, key in given.items():
        if name not in fields:
            compiler.reader.wrong("E153", f"this event has no `{name}`", key, did_you_mean(name, fields))
    for name, field in fields.items():
        by_itself = name in SUBJECTS and name in compiler.known.subjects
        if field.required and name not in given and not by_itself:
            help = f"add `data: {{{name}: ...}}`"
            compiler.reader.wrong("E153", f"this event needs `{name}`", event, help)


def _set(compiler: Compiler, step: Step) -> bool:
    reader = compiler.reader
    node = reader.mapping(step.value, "`set`")
    values: dict[str, Source] = {}
    for name, key, value in () if node is None else pairs(node):
        if name not in compiler.known.variables:
            help = did_you_mean(name, compiler.known.variables) or "declare it in `vars`"
            reader.wrong("E158", f"there is no variable `{name}`", key, help)
        elif (source := reader.expression(value, f"`{name}`")) is not None:
            values[name] = source
    if node is not None and not node.values:
        reader.wrong("E006", "`set` names no variable", node, "write `set: {tries: vars.tries + 1}`, say")
    compiler.add(Set(**step.place, values=values))
    return True


def _start(compiler: Compiler, step: Step) -> bool:
    reader = compiler.reader
    keys = ("workflow", "subject", "wait")
    node = reader.mapping(step.value, "`start`", keys, required=("workflow", "subject"))
    values = {} if node is None else node.values
    name = reader.name(values["workflow"], "a workflow") if "workflow" in values else None
    subject = reader.mapping(values["subject"], "`subject`", SUBJECTS) if "subject" in values else None
    sources = {
        each: source
        for each, _, value in (() if subject is None else pairs(subject))
        if each in SUBJECTS and (source := reader.expression(value, f"`{each}`")) is not None
    }
    wait = bool(reader.flag(values["wait"], "`wait`")) if "wait" in values else False
    start = Start(**step.place, workflow=name or "", subject=sources, wait=wait)
    if not wait:
        for each in ("got", "refused"):
            if each in step.beside:
                reader.wrong("E003", f"`{each}` goes with `wait: true`", step.beside[each])
        compiler.add(start)
        return True
    if compiler.aside:
        reader.wrong("E214", "a side list cannot wait for another workflow", values["wait"], "leave `wait` out")
    at = compiler.add(start)
    got = step.beside.get("got")
    outcomes: dict[str, Node | None] = {}
    if isinstance(got, MappingNode):
        outcomes = {f"got: {each}": value for each, value in got.values.items() if each != "else"}
        if "else" not in got.values:
            help = "add `else: []`: it can also be cancelled, or end with `do_not_contact`"
            reader.wrong("E211", "the other outcomes are not handled", step.verb, help)
        otherwise = got.values.get("else")
    else:
        otherwise = _required(compiler, step, "got")
    bodies = {**outcomes, "got": otherwise, "refused": _required(compiler, step, "refused")}
    addresses, falls = compiler.branches(step, bodies)
    compiler.set(
        at,
        got={each.removeprefix("got: "): addresses[each] for each in outcomes},
        otherwise=addresses["got"],
        refused=addresses["refused"],
    )
    return falls


def _use(compiler: Compiler, step: Step) -> bool:
    reader = compiler.reader
    name = reader.known(step.value, "E160", "action", compiler.known.actions, "no plugin here has any")
    found = reader.mapping(step.beside["with"], "`with`") if "with" in step.beside else None
    values = _sources(compiler, found)
    if name is None:
        return True
    fields = {each.name: each for each in msgspec.structs.fields(compiler.known.actions[name].params)}
    for key, node in ({} if found is None else found.keys).items():
        if key not in fields:
            reader.wrong("E003", f"`{name}` has no `{key}`", node, did_you_mean(key, fields) or one_of(fields))
    for key, field in fields.items():
        if field.required and key not in values:
            reader.wrong("E006", f"`{name}` needs `{key}`", step.verb, f"add `with: {{{key}: ...}}`")
    compiler.add(Use(**step.place, action=name, values=values))
    return True


def _go(compiler: Compiler, step: Step) -> bool:
    block = compiler.reader.known(step.value, "E152", "block", compiler.known.blocks)
    if block is None or not isinstance(step.value, Scalar):
        compiler.add(Exit(**step.place, outcome=""))
    else:
        compiler.departs(compiler.add(Go(**step.place, block=block)), block, step.value)
    return False


def _exit(compiler: Compiler, step: Step) -> bool:
    outcome = compiler.reader.known(step.value, "E230", "outcome", compiler.known.outcomes)
    if outcome is not None:
        compiler.outcomes.add(outcome)
    compiler.add(Exit(**step.place, outcome=outcome or ""))
    return False


VERBS: Mapping[str, Verb] = {
    "send": Verb(compile=_send, beside=("failed",)),
    "wait": Verb(compile=_wait, beside=_ANSWERS),
    "task": Verb(compile=_task, beside=_TASK_OUTCOMES),
    "choose": Verb(compile=_choose, beside=("else",), aside=True),
    "match": Verb(compile=_match, beside=("cases", "else"), aside=True),
    "repeat": Verb(compile=_repeat),
    "set": Verb(compile=_set, named=False, aside=True),
    "emit": Verb(compile=_emit, named=False, aside=True),
    "use": Verb(compile=_use, beside=("with",), named=False, aside=True),
    "start": Verb(compile=_start, beside=("got", "refused"), aside=True),
    "go": Verb(compile=_go, named=False),
    "exit": Verb(compile=_exit, named=False),
}
"""The verbs this version runs."""
