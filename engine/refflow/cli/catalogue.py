"""Which commands there are: what `refflow --help` shows without importing any of them."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command: the module that has it, what it is called there, and its help in a line."""

    module: str
    attribute: str
    help: str


SECTIONS: dict[str, dict[str, Entry]] = {
    "Every day": {
        "next": Entry("agenda", "next_", "Show what to do now, what is owed and what waits."),
        "draft": Entry("messages", "draft", "Read a message, or change it."),
        "approve": Entry("messages", "approve", "Release messages: the text leaves as it stands."),
        "do": Entry("doing", "do", "Say that something was done, or how it came out."),
        "skip": Entry("doing", "skip", "Leave out a message or a task, or end a run or an ask."),
        "reply": Entry("asking", "reply", "Record an answer: it stops what was to follow."),
        "receive": Entry("receiving", "receive", "Look for answers in the inboxes."),
        "log": Entry("people", "log", "Record a call, a message or a meeting outside refflow."),
        "board": Entry("board", "board", "Show every ask by how far it got."),
    },
    "Your search": {
        "import": Entry("importing", "import_", "Read a data export: a plan first, written with --apply."),
        "person": Entry("people", "person", "Add, show and change people."),
        "opening": Entry("openings", "opening", "Add, show and change job openings."),
        "who": Entry("who", "who", "Rank who could refer you to a company or an opening."),
        "start": Entry("asking", "start", "Start a workflow with somebody."),
        "packet": Entry("openings", "packet", "Print what a referrer needs, ready to paste."),
        "pause": Entry("pausing", "pause", "Let a person, a run, a workflow or everything rest."),
        "resume": Entry("pausing", "resume", "End a pause."),
        "away": Entry("pausing", "away", "Let everything rest while you are away."),
        "queue": Entry("pausing", "queue", "Show what waits for its turn with a person."),
        "block": Entry("people", "block", "Let no message go to somebody."),
        "unblock": Entry("people", "unblock", "Lift a block."),
    },
    "Looking back": {
        "why": Entry("history", "why", "Tell why something stands as it does."),
        "events": Entry("history", "events", "Read the log."),
        "stats": Entry("stats", "stats", "Show the funnel and how often people answer."),
        "undo": Entry("history", "undo", "Take back what you did last, or the event E."),
        "replay": Entry("replaying", "replay", "Rebuild the views from the log, or hold them against it."),
        "verify": Entry("replaying", "verify", "Check the hash chain of the log."),
    },
    "Workflows": {
        "workflow": Entry("workflow", "workflow", "List, test, draw and migrate workflows."),
        "watch": Entry("watch", "watch", "Watch the files, and judge every save."),
        "simulate": Entry("simulate", "simulate", "Play a workflow ahead: what it would send, and when."),
        "backtest": Entry("backtest", "backtest", "Decide your own history again by a changed workflow."),
    },
    "Setting up": {
        "init": Entry("setup", "init", "Make a workspace."),
        "demo": Entry("demo", "demo", "Play a made-up job search, in a folder of its own."),
        "check": Entry("checking", "check", "Check the settings and the workflows."),
        "explain": Entry("checking", "explain", "Tell what a finding of `check` means."),
        "completion": Entry("setup", "completion", "Print what completes commands and names in a shell."),
        "plugins": Entry("plugins", "plugins", "Show the plugins, and look after them."),
        "plugin": Entry("plugin", "plugin", "Begin a plugin of your own."),
        "doctor": Entry("doctor", "doctor", "Tell what is wrong, and what to do about it."),
    },
}
COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}
