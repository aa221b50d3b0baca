def _send(compiler: Compiler, step: Step) -> bool:
    keys = ("template", "channel", "thread", "approval", "urgent")
    node = compiler.reader.mapping(step.value, "`send`", keys, required=("template",), later=("to", "window", "data"))
    values = {} if node is None else node.values
    if "contact" not in compiler.known.subjects:
        compiler.reader.wrong("E006", "`send` needs a contact", step.verb, "add `contact: ...` to `subject`")
    fields: dict[str, Any] = {"template": ""}
    for name, value in values.items():
        match name:
            case "template":
                fields[name] = compiler.reader.known(value, "E140", "template", compiler.known.templates) or ""
            case "channel":
                fields[name] = compiler.reader.known(value, "E154", "channel", compiler.known.channels)
            case "thread":
                fields[name] = _thread(compiler, value)
            case "approval":
                fields[name] = compiler.reader.choice(value, "`approval`", ("every", "first", "none"))
            case "urgent":
                fields[name] = bool(compiler.reader.flag(value, "`urgent`"))
    self._sends.setdefault(step.id, self._section)
    at = compiler.add(Send(**step.place, **fields))
    if "failed" not in step.beside:
        return True
    # Sent, it goes on after the branch: the jump steps over it.
    over = compiler.add(Jump(**step.place, to=0))
    addresses, _ = compiler.branches(step, ["failed"])
    compiler.set(at, failed=addresses["failed"])
    compiler.set(over, to=compiler.here)
    return True


def _thread(compiler: Compiler, value: Node) -> str | None:
    found = compiler.reader.scalar(value, "`thread`")
    if found is None:
        return None
    before = frozenset(send for send, section in self._sends.items() if section == self._section)
    self._threads.append((found, self._section, before))
    return found.text


def _wait(compiler: Compiler, step: Step) -> bool:
    if isinstance(step.value, Scalar):
        _no_answers(compiler, step)
        compiler.add(Wait(**step.place, silence=compiler.reader.duration_expression(step.value, "`wait`")))
        return True
    keys = ("for", "within", "until")
    node = compiler.reader.mapping(step.value, "`wait`", keys, later=("settle", "since"))
    if node is None:
        return True
    if "for" in node.values:
        return _wait_for(compiler, step, node)
    _no_answers(compiler, step)
    if "until" not in node.values:
        compiler.reader.wrong("E006", "`wait` needs a duration, `until` or `for`", node, "write `wait: 5bd`")
        return True
    if "within" in node.values:
        compiler.reader.wrong("E003", "`within` goes with `for`", node.keys["within"])
    compiler.add(Wait(**step.place, until=compiler.reader.expression(node.values["until"], "`until`")))
    return True


def _no_answers(compiler: Compiler, step: Step) -> None:
    for name in VERBS["wait"]:
        if name in step.beside:
            compiler.reader.wrong("E003", f"`{name}` goes with `wait: {{for: ...}}`", step.beside[name])


def _wait_for(compiler: Compiler, step: Step, node: MappingNode) -> bool:
    if "until" in node.values:
        compiler.reader.wrong("E003", "`until` does not go with `for`: write `within`", node.keys["until"])
    events = _awaited(compiler, node.values["for"])
    within = None
    if "within" in node.values:
        within = compiler.reader.duration_expression(node.values["within"], "`within`")
    else:
        message = "a wait for an event needs `within`, otherwise the run can wait for ever"
        compiler.reader.wrong("E210", message, node, "add `within: 10bd`, say")
    at = compiler.add(Wait(**step.place, events=events, within=within))
    per_event = isinstance(step.beside.get("got"), MappingNode)
    nodes = {f"got {event}": value for event, value in _got(compiler, step, events).items()}
    nodes["timeout"] = _required(compiler, step, "timeout")
    addresses, falls = compiler.branches(step, nodes)
    got = {event: addresses[f"got {event}" if per_event else "got "] for event in events}
    compiler.set(at, got=got, timeout=addresses["timeout"])
    return falls


def _awaited(compiler: Compiler, node: Node) -> tuple[str, ...]:
    nodes = compiler.reader.items(node, "`for`") if not isinstance(node, Scalar) else (node,)
    kinds = [event_name(compiler.reader, each, compiler.known.kinds, awaited=True) for each in nodes]
    return tuple(dict.fromkeys(kind for kind in kinds if kind is not None))


def _got(compiler: Compiler, step: Step, events: tuple[str, ...]) -> dict[str, Node | None]:
    """The branches of a wait by event; one for all is under the empty name."""
    node = step.beside.get("got")
    if not isinstance(node, MappingNode):
        return {"": _required(compiler, step, "got")}
    for name, key, _ in pairs(node):
        if name not in events:
            help = did_you_mean(name, events)
            compiler.reader.wrong("E213", f"this step does not wait for `{name}`", key, help)
    for event in events:
        if event not in node.values:
            help = f"add `{event}: []` to continue"
            compiler.reader.wrong("E211", f"`{event}` is not handled", step.verb, help)
    return {event: node.values.get(event) for event in events}


def _required(compiler: Compiler, step: Step, name: str) -> Node | None:
    if name not in step.beside:
        what = f"task outcome `{name}`" if step.verb.text == "task" else f"`{name}`"
        compiler.reader.wrong("E211", f"{what} is not handled", step.verb, f"add `{name}: []` to continue")
    return step.beside.get(name)


def _task(compiler: Compiler, step: Step) -> bool:
    keys = ("title", "within", "help")
    node = compiler.reader.mapping(step.value, "`task`", keys, required=("title",), later=("assignee",))
    values = {} if node is None else node.values
    if node is not None and "within" not in values:
        message = "a task needs `within`, otherwise the run can wait for ever"
        compiler.reader.wrong("E212", message, node, "add `within: 3bd`, say")
    nothing = Source(text="", line=step.verb.line, column=0)
    title = compiler.reader.expression(values["title"], "`title`") if "title" in values else None
    help = compiler.reader.expression(values["help"], "`help`") if "help" in values else None
    within = compiler.reader.duration_expression(values["within"], "`within`") if "within" in values else None
    open_task = Task(
        **step.place, title=title or nothing, help=help, within=within or nothing, done=0, skipped=0, expired=0
    )
    at = compiler.add(open_task)
    addresses, falls = compiler.branches(step, {name: _required(compiler, step, name) for name in VERBS["task"]})
    compiler.set(at, **addresses)
    return falls


def _choose(compiler: Compiler, step: Step) -> bool:
    falls, jumps = False, []
    for item in compiler.reader.items(step.value, "`choose`"):
        node = compiler.reader.mapping(item, "a case", ("if", "do"), required=("if", "do"))
        if node is None or "do" not in node.values:
            falls = True
            continue
        condition = compiler.reader.expression(node.values["if"], "`if`") if "if" in node.values else None
        nothing = Source(text="", line=step.verb.line, column=0)
        at = compiler.add(Branch(**step.place, condition=condition or nothing, otherwise=0))
        if compiler.steps(compiler.reader.items(node.values["do"], "`do`")):
            jumps.append(compiler.add(Jump(**step.place, to=0)))
        compiler.set(at, otherwise=compiler.here)
    otherwise = step.beside.get("else")
    falls |= otherwise is None or compiler.steps(compiler.reader.items(otherwise, "`else`"))
    for jump in jumps:
        compiler.set(jump, to=compiler.here)
    return falls or bool(jumps)


def _match(compiler: Compiler, step: Step) -> bool:
    value = compiler.reader.expression(step.value, "`match`")
    cases = compiler.reader.mapping(step.beside["cases"], "`cases`") if "cases" in step.beside else None
    if "cases" not in step.beside:
        compiler.reader.wrong("E006", "`match` needs `cases`", step.verb)
    if value is None or cases is None:
        return True
    at = compiler.add(Match(**step.place, value=value, cases={}))
    compiler.cases[at] = Cases(step.verb, cases.keys, "else" in step.beside)
    nodes = {f"case {name}": node for name, node in cases.values.items()}
    if "else" in step.beside:
        nodes["else"] = step.beside["else"]
    addresses, falls = compiler.branches(step, nodes)
    compiler.set(at, cases={name: addresses[f"case {name}"] for name in cases.values}, otherwise=addresses.get("else"))
    return falls


def _repeat(compiler: Compiler, step: Step) -> bool:
    node = compiler.reader.mapping(step.value, "`repeat`", ("max", "until", "do"), required=("do",))
    if node is None:
        return True
    most = None
    if "max" not in node.values:
        message = "a loop needs `max`, otherwise it can go on for ever"
        compiler.reader.wrong("E220", message, node, "add `max: 3`, say")
    else:
        most = compiler.reader.expression(node.values["max"], "`max`")
    until = compiler.reader.expression(node.values["until"], "`until`") if "until" in node.values else None
    nothing = Source(text="", line=step.verb.line, column=0)
    self._loops += 1
    head = compiler.add(Loop(**step.place, most=most or nothing, until=until, end=0))
    body = node.values.get("do")
    if body is not None and compiler.steps(compiler.reader.items(body, "`do`")):
        compiler.add(Jump(**step.place, to=head))
    self._loops -= 1
    compiler.set(head, end=compiler.here)
    return True
